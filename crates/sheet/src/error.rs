//! Why a whole file was refused.

/// A file that could not be read or written. Problems within a file are [`crate::Problem`]s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// More bytes than allowed, packed or unpacked.
    #[error("the file is too large: {0}")]
    TooLarge(&'static str),
    /// Encrypted.
    #[error("the file has a password")]
    Password,
    /// Broken off or damaged; what the reader said.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// A kind of file that is not read.
    #[error("this kind of file is not read: {0}")]
    Kind(&'static str),
    /// The file could not be written; what the writer said.
    #[error("the file could not be written: {0}")]
    Write(String),
}

impl SheetError {
    /// What happened and what to do, in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::Empty => "文件是空的，请选择有内容的文件。".to_owned(),
            Self::TooLarge(what) => {
                format!("文件过大（{what}）。请只保留课表所在的工作表，另存为 .xlsx 后再导入。")
            }
            Self::Password => {
                "文件已加密（设有打开密码或工作簿保护）。请在 Excel 或 WPS 中取消密码和保护，另存为 .xlsx 后再导入。".to_owned()
            }
            Self::Damaged(_) => "文件已损坏或不完整，无法读取。请用 Excel 或 WPS 打开，另存为 .xlsx 后再导入；若打不开，请重新获取该文件。".to_owned(),
            Self::Kind(what) => {
                format!("不支持这种文件（{what}）。请用 Excel 或 WPS 打开，另存为 .xlsx 或 .csv 后再导入。")
            }
            Self::Write(_) => "文件未能生成，请稍后重试；若仍失败，请联系维护人员查看日志。".to_owned(),
        }
    }

    /// What happened and what to do, in English.
    pub fn en(&self) -> String {
        match self {
            Self::Empty => "The file is empty. Choose one with content.".to_owned(),
            Self::TooLarge(what) => {
                format!("The file is too large ({what}). Keep only the timetable's sheets, save as .xlsx and import that.")
            }
            Self::Password => {
                "The file is encrypted (a password, or a protected workbook). Remove password and protection in Excel or WPS, save as .xlsx and import that.".to_owned()
            }
            Self::Damaged(_) => "The file is damaged or cut off. Open it in Excel or WPS, save as .xlsx and import that; if it does not open, get it again.".to_owned(),
            Self::Kind(what) => {
                format!("This kind of file is not read ({what}). Open it in Excel or WPS, save as .xlsx or .csv and import that.")
            }
            Self::Write(_) => "The file could not be made. Try again; if it fails again, ask maintenance to look at the log.".to_owned(),
        }
    }
}

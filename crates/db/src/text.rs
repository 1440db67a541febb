//! The one way to write SQL here: named texts, all listed.

/// Declares SQL texts as constants and lists them in `TEXTS`, from where a test prepares each on both engines.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* const $name: &str = $text;)*
        pub(crate) const TEXTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

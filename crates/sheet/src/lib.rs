//! A school's tables in and out of files: xlsx, xls, csv, iCalendar, CSES. Pure: bytes in, values out.

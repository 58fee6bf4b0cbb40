//! The fonts compiled into this crate.

use std::sync::{Arc, OnceLock};

use super::Font;

/// A font compiled into the crate, read when it is first opened.
#[derive(Debug)]
pub(super) struct Builtin {
    pub(super) name: &'static str,
    file: &'static [u8],
    font: OnceLock<Option<Arc<Font>>>,
}

impl Builtin {
    pub(super) fn load(&self) -> Option<Arc<Font>> {
        self.font.get_or_init(|| Font::from_pcf(self.file).ok().map(Arc::new)).clone()
    }
}

macro_rules! builtin {
    ($name:literal, $file:literal) => {
        Builtin {
            name: $name,
            file: include_bytes!(concat!("../../../../assets/fonts/", $file)),
            font: OnceLock::new(),
        }
    };
}

/// See `assets/fonts/README.md` for where these come from.
pub(super) static BUILTIN: [Builtin; 119] = [
    builtin!("-adobe-courier-bold-o-normal--10-100-75-75-m-60-iso8859-1", "adobe/courBO10-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-o-normal--12-120-75-75-m-70-iso8859-1", "adobe/courBO12-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-o-normal--14-140-75-75-m-90-iso8859-1", "adobe/courBO14-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-o-normal--18-180-75-75-m-110-iso8859-1", "adobe/courBO18-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-o-normal--24-240-75-75-m-150-iso8859-1", "adobe/courBO24-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-o-normal--8-80-75-75-m-50-iso8859-1", "adobe/courBO08-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-r-normal--10-100-75-75-m-60-iso8859-1", "adobe/courB10-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-r-normal--12-120-75-75-m-70-iso8859-1", "adobe/courB12-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-r-normal--14-140-75-75-m-90-iso8859-1", "adobe/courB14-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-r-normal--18-180-75-75-m-110-iso8859-1", "adobe/courB18-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-r-normal--24-240-75-75-m-150-iso8859-1", "adobe/courB24-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-bold-r-normal--8-80-75-75-m-50-iso8859-1", "adobe/courB08-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-medium-o-normal--10-100-75-75-m-60-iso8859-1", "adobe/courO10-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-medium-o-normal--12-120-75-75-m-70-iso8859-1", "adobe/courO12-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-medium-o-normal--14-140-75-75-m-90-iso8859-1", "adobe/courO14-ISO8859-1.pcf.gz"),
    builtin!(
        "-adobe-courier-medium-o-normal--18-180-75-75-m-110-iso8859-1",
        "adobe/courO18-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-courier-medium-o-normal--24-240-75-75-m-150-iso8859-1",
        "adobe/courO24-ISO8859-1.pcf.gz"
    ),
    builtin!("-adobe-courier-medium-o-normal--8-80-75-75-m-50-iso8859-1", "adobe/courO08-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-medium-r-normal--10-100-75-75-m-60-iso8859-1", "adobe/courR10-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-medium-r-normal--12-120-75-75-m-70-iso8859-1", "adobe/courR12-ISO8859-1.pcf.gz"),
    builtin!("-adobe-courier-medium-r-normal--14-140-75-75-m-90-iso8859-1", "adobe/courR14-ISO8859-1.pcf.gz"),
    builtin!(
        "-adobe-courier-medium-r-normal--18-180-75-75-m-110-iso8859-1",
        "adobe/courR18-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-courier-medium-r-normal--24-240-75-75-m-150-iso8859-1",
        "adobe/courR24-ISO8859-1.pcf.gz"
    ),
    builtin!("-adobe-courier-medium-r-normal--8-80-75-75-m-50-iso8859-1", "adobe/courR08-ISO8859-1.pcf.gz"),
    builtin!(
        "-adobe-helvetica-bold-o-normal--10-100-75-75-p-60-iso8859-1",
        "adobe/helvBO10-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-bold-o-normal--12-120-75-75-p-69-iso8859-1",
        "adobe/helvBO12-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-bold-o-normal--14-140-75-75-p-82-iso8859-1",
        "adobe/helvBO14-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-bold-o-normal--18-180-75-75-p-104-iso8859-1",
        "adobe/helvBO18-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-bold-o-normal--24-240-75-75-p-138-iso8859-1",
        "adobe/helvBO24-ISO8859-1.pcf.gz"
    ),
    builtin!("-adobe-helvetica-bold-o-normal--8-80-75-75-p-50-iso8859-1", "adobe/helvBO08-ISO8859-1.pcf.gz"),
    builtin!("-adobe-helvetica-bold-r-normal--10-100-75-75-p-60-iso8859-1", "adobe/helvB10-ISO8859-1.pcf.gz"),
    builtin!("-adobe-helvetica-bold-r-normal--12-120-75-75-p-70-iso8859-1", "adobe/helvB12-ISO8859-1.pcf.gz"),
    builtin!("-adobe-helvetica-bold-r-normal--14-140-75-75-p-82-iso8859-1", "adobe/helvB14-ISO8859-1.pcf.gz"),
    builtin!(
        "-adobe-helvetica-bold-r-normal--18-180-75-75-p-103-iso8859-1",
        "adobe/helvB18-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-bold-r-normal--24-240-75-75-p-138-iso8859-1",
        "adobe/helvB24-ISO8859-1.pcf.gz"
    ),
    builtin!("-adobe-helvetica-bold-r-normal--8-80-75-75-p-50-iso8859-1", "adobe/helvB08-ISO8859-1.pcf.gz"),
    builtin!(
        "-adobe-helvetica-medium-o-normal--10-100-75-75-p-57-iso8859-1",
        "adobe/helvO10-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-medium-o-normal--12-120-75-75-p-67-iso8859-1",
        "adobe/helvO12-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-medium-o-normal--14-140-75-75-p-78-iso8859-1",
        "adobe/helvO14-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-medium-o-normal--18-180-75-75-p-98-iso8859-1",
        "adobe/helvO18-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-medium-o-normal--24-240-75-75-p-130-iso8859-1",
        "adobe/helvO24-ISO8859-1.pcf.gz"
    ),
    builtin!("-adobe-helvetica-medium-o-normal--8-80-75-75-p-47-iso8859-1", "adobe/helvO08-ISO8859-1.pcf.gz"),
    builtin!(
        "-adobe-helvetica-medium-r-normal--10-100-75-75-p-56-iso8859-1",
        "adobe/helvR10-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-medium-r-normal--12-120-75-75-p-67-iso8859-1",
        "adobe/helvR12-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-medium-r-normal--14-140-75-75-p-77-iso8859-1",
        "adobe/helvR14-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-medium-r-normal--18-180-75-75-p-98-iso8859-1",
        "adobe/helvR18-ISO8859-1.pcf.gz"
    ),
    builtin!(
        "-adobe-helvetica-medium-r-normal--24-240-75-75-p-130-iso8859-1",
        "adobe/helvR24-ISO8859-1.pcf.gz"
    ),
    builtin!("-adobe-helvetica-medium-r-normal--8-80-75-75-p-46-iso8859-1", "adobe/helvR08-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-i-normal--10-100-75-75-p-57-iso8859-1", "adobe/timBI10-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-i-normal--12-120-75-75-p-68-iso8859-1", "adobe/timBI12-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-i-normal--14-140-75-75-p-77-iso8859-1", "adobe/timBI14-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-i-normal--18-180-75-75-p-98-iso8859-1", "adobe/timBI18-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-i-normal--24-240-75-75-p-128-iso8859-1", "adobe/timBI24-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-i-normal--8-80-75-75-p-47-iso8859-1", "adobe/timBI08-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-r-normal--10-100-75-75-p-57-iso8859-1", "adobe/timB10-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-r-normal--12-120-75-75-p-67-iso8859-1", "adobe/timB12-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-r-normal--14-140-75-75-p-77-iso8859-1", "adobe/timB14-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-r-normal--18-180-75-75-p-99-iso8859-1", "adobe/timB18-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-r-normal--24-240-75-75-p-132-iso8859-1", "adobe/timB24-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-bold-r-normal--8-80-75-75-p-47-iso8859-1", "adobe/timB08-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-i-normal--10-100-75-75-p-52-iso8859-1", "adobe/timI10-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-i-normal--12-120-75-75-p-63-iso8859-1", "adobe/timI12-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-i-normal--14-140-75-75-p-73-iso8859-1", "adobe/timI14-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-i-normal--18-180-75-75-p-94-iso8859-1", "adobe/timI18-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-i-normal--24-240-75-75-p-125-iso8859-1", "adobe/timI24-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-i-normal--8-80-75-75-p-42-iso8859-1", "adobe/timI08-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-r-normal--10-100-75-75-p-54-iso8859-1", "adobe/timR10-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-r-normal--12-120-75-75-p-64-iso8859-1", "adobe/timR12-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-r-normal--14-140-75-75-p-74-iso8859-1", "adobe/timR14-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-r-normal--18-180-75-75-p-94-iso8859-1", "adobe/timR18-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-r-normal--24-240-75-75-p-124-iso8859-1", "adobe/timR24-ISO8859-1.pcf.gz"),
    builtin!("-adobe-times-medium-r-normal--8-80-75-75-p-44-iso8859-1", "adobe/timR08-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--13-120-75-75-c-70-iso10646-1", "misc/7x13B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--13-120-75-75-c-70-iso8859-1", "misc/7x13B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--13-120-75-75-c-80-iso10646-1", "misc/8x13B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--13-120-75-75-c-80-iso8859-1", "misc/8x13B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--14-130-75-75-c-70-iso10646-1", "misc/7x14B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--14-130-75-75-c-70-iso8859-1", "misc/7x14B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--15-140-75-75-c-90-iso10646-1", "misc/9x15B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--15-140-75-75-c-90-iso8859-1", "misc/9x15B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--18-120-100-100-c-90-iso10646-1", "misc/9x18B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--18-120-100-100-c-90-iso8859-1", "misc/9x18B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-semicondensed--13-120-75-75-c-60-iso10646-1", "misc/6x13B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-semicondensed--13-120-75-75-c-60-iso8859-1", "misc/6x13B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-o-normal--13-120-75-75-c-70-iso10646-1", "misc/7x13O.pcf.gz"),
    builtin!("-misc-fixed-medium-o-normal--13-120-75-75-c-70-iso8859-1", "misc/7x13O-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-o-normal--13-120-75-75-c-80-iso10646-1", "misc/8x13O.pcf.gz"),
    builtin!("-misc-fixed-medium-o-normal--13-120-75-75-c-80-iso8859-1", "misc/8x13O-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-o-semicondensed--13-120-75-75-c-60-iso10646-1", "misc/6x13O.pcf.gz"),
    builtin!(
        "-misc-fixed-medium-o-semicondensed--13-120-75-75-c-60-iso8859-1",
        "misc/6x13O-ISO8859-1.pcf.gz"
    ),
    builtin!("-misc-fixed-medium-r-normal--10-100-75-75-c-60-iso10646-1", "misc/6x10.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--10-100-75-75-c-60-iso8859-1", "misc/6x10-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--13-120-75-75-c-70-iso10646-1", "misc/7x13.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--13-120-75-75-c-70-iso8859-1", "misc/7x13-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--13-120-75-75-c-80-iso10646-1", "misc/8x13.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--13-120-75-75-c-80-iso8859-1", "misc/8x13-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--14-130-75-75-c-70-iso10646-1", "misc/7x14.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--14-130-75-75-c-70-iso8859-1", "misc/7x14-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--15-140-75-75-c-90-iso10646-1", "misc/9x15.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--15-140-75-75-c-90-iso8859-1", "misc/9x15-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--18-120-100-100-c-90-iso10646-1", "misc/9x18.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--18-120-100-100-c-90-iso8859-1", "misc/9x18-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--20-200-75-75-c-100-iso10646-1", "misc/10x20.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--20-200-75-75-c-100-iso8859-1", "misc/10x20-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--6-60-75-75-c-40-iso10646-1", "misc/4x6.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--6-60-75-75-c-40-iso8859-1", "misc/4x6-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--7-70-75-75-c-50-iso10646-1", "misc/5x7.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--7-70-75-75-c-50-iso8859-1", "misc/5x7-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--8-80-75-75-c-50-iso10646-1", "misc/5x8.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--8-80-75-75-c-50-iso8859-1", "misc/5x8-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--9-90-75-75-c-60-iso10646-1", "misc/6x9.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--9-90-75-75-c-60-iso8859-1", "misc/6x9-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-semicondensed--12-110-75-75-c-60-iso10646-1", "misc/6x12.pcf.gz"),
    builtin!("-misc-fixed-medium-r-semicondensed--12-110-75-75-c-60-iso8859-1", "misc/6x12-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso10646-1", "misc/6x13.pcf.gz"),
    builtin!("-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso8859-1", "misc/6x13-ISO8859-1.pcf.gz"),
    builtin!("-misc-nil-medium-r-normal--2-20-75-75-c-10-misc-fontspecific", "misc/nil2.pcf.gz"),
    builtin!("cursor", "misc/cursor.pcf.gz"),
    builtin!("micro", "misc/micro.pcf.gz"),
];

/// The short names that programs have always used.
pub(super) const ALIASES: [(&str, &str); 24] = [
    ("fixed", "-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso8859-1"),
    ("4x6", "-misc-fixed-medium-r-normal--6-60-75-75-c-40-iso8859-1"),
    ("5x7", "-misc-fixed-medium-r-normal--7-70-75-75-c-50-iso8859-1"),
    ("5x8", "-misc-fixed-medium-r-normal--8-80-75-75-c-50-iso8859-1"),
    ("6x9", "-misc-fixed-medium-r-normal--9-90-75-75-c-60-iso8859-1"),
    ("6x10", "-misc-fixed-medium-r-normal--10-100-75-75-c-60-iso8859-1"),
    ("6x12", "-misc-fixed-medium-r-semicondensed--12-110-75-75-c-60-iso8859-1"),
    ("6x13", "-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso8859-1"),
    ("6x13bold", "-misc-fixed-bold-r-semicondensed--13-120-75-75-c-60-iso8859-1"),
    ("7x13", "-misc-fixed-medium-r-normal--13-120-75-75-c-70-iso8859-1"),
    ("7x13bold", "-misc-fixed-bold-r-normal--13-120-75-75-c-70-iso8859-1"),
    ("7x14", "-misc-fixed-medium-r-normal--14-130-75-75-c-70-iso8859-1"),
    ("7x14bold", "-misc-fixed-bold-r-normal--14-130-75-75-c-70-iso8859-1"),
    ("8x13", "-misc-fixed-medium-r-normal--13-120-75-75-c-80-iso8859-1"),
    ("8x13bold", "-misc-fixed-bold-r-normal--13-120-75-75-c-80-iso8859-1"),
    ("9x15", "-misc-fixed-medium-r-normal--15-140-75-75-c-90-iso8859-1"),
    ("9x15bold", "-misc-fixed-bold-r-normal--15-140-75-75-c-90-iso8859-1"),
    ("9x18", "-misc-fixed-medium-r-normal--18-120-100-100-c-90-iso8859-1"),
    ("9x18bold", "-misc-fixed-bold-r-normal--18-120-100-100-c-90-iso8859-1"),
    ("10x20", "-misc-fixed-medium-r-normal--20-200-75-75-c-100-iso8859-1"),
    ("a14", "-misc-fixed-medium-r-normal--14-130-75-75-c-70-iso8859-1"),
    ("variable", "-misc-fixed-bold-r-normal--13-120-75-75-c-80-iso8859-1"),
    ("nil2", "-misc-nil-medium-r-normal--2-20-75-75-c-10-misc-fontspecific"),
    ("unifixed", "-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso10646-1"),
];

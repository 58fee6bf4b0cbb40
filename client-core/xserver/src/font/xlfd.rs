//! X Logical Font Descriptions: names of fourteen fields, `-foundry-family-weight-slant-setwidth-style-pixels-points-`
//! `xres-yres-spacing-width-registry-encoding`, and what a name asks for that no font has: a size.
//!
//! A face is what the other nine fields name. Every bitmap of it can be brought to every size; where a request names one
//! that is not there, the bitmap whose size is nearest is scaled. Points and average width are tenths, resolutions are
//! pixels per inch. Names here are in lower case.

use super::matches;

/// The fields of a name.
struct Fields<'n>([&'n str; 14]);

const PIXELS: usize = 6;
const POINTS: usize = 7;
const RESOLUTION_X: usize = 8;
const RESOLUTION_Y: usize = 9;
const WIDTH: usize = 11;
/// The fields that scaling decides.
const SIZES: [usize; 5] = [PIXELS, POINTS, RESOLUTION_X, RESOLUTION_Y, WIDTH];

/// Decipoints to the inch, as X counts them.
const INCH: f64 = 722.7;
/// The size of a request that names none: 12 points.
const USUAL_POINTS: u32 = 120;
/// The resolution of one that names none. X knows two, 75 and 100; displays of today are nearer to the latter.
const USUAL_RESOLUTION: u32 = 100;

impl<'n> Fields<'n> {
    fn of(name: &'n str) -> Option<Self> {
        let mut parts = name.strip_prefix('-')?.split('-');
        let mut fields = [""; 14];
        for field in &mut fields {
            *field = parts.next()?;
        }
        parts.next().is_none().then_some(Self(fields))
    }

    /// A number above 0 of at most four digits.
    fn number(&self, field: usize) -> Option<u32> {
        self.0[field].parse::<u32>().ok().filter(|number| (1..=9999).contains(number))
    }

    fn name(&self) -> String {
        self.0.iter().fold(String::new(), |name, field| name + "-" + field)
    }

    /// Whether this, a pattern, is one of the other's face.
    fn is_of_face(&self, other: &Fields<'_>) -> bool {
        (0..14).filter(|at| !SIZES.contains(at)).all(|at| matches(self.0[at], other.0[at]))
    }
}

/// The name that stands for all sizes of a bitmap's face at its resolution: sizes are 0 in it. None for names that are
/// no descriptions.
pub(crate) fn scalable(name: &str) -> Option<String> {
    let mut fields = Fields::of(name)?;
    fields.number(PIXELS)?;
    for size in [PIXELS, POINTS, WIDTH] {
        fields.0[size] = "0";
    }
    Some(fields.name())
}

/// What is asked for by a description, or a pattern of one, that names a size.
pub(crate) struct Request<'n> {
    fields: Fields<'n>,
    /// Of the em square.
    pixels: u32,
    points: u32,
    resolution: (u32, u32),
    /// The average width of a character.
    width: Option<u32>,
}

impl<'n> Request<'n> {
    /// None if the name is no description, names no size, or one that contradicts itself by more than a pixel.
    pub(crate) fn of(name: &'n str) -> Option<Self> {
        let fields = Fields::of(name)?;
        let unspecified = |at: usize| matches!(fields.0[at], "0" | "" | "*");
        if SIZES.iter().any(|at| !unspecified(*at) && fields.number(*at).is_none())
            || SIZES.iter().all(|at| fields.0[*at] == "*")
        {
            return None;
        }
        let resolution = (
            fields.number(RESOLUTION_X).unwrap_or(USUAL_RESOLUTION),
            fields.number(RESOLUTION_Y).unwrap_or(USUAL_RESOLUTION),
        );
        let to_pixels = |points: u32| f64::from(points) * f64::from(resolution.1) / INCH;
        let (pixels, points) = match (fields.number(PIXELS), fields.number(POINTS)) {
            (None, points) => {
                let points = points.unwrap_or(USUAL_POINTS);
                (to_pixels(points).round().max(1.0) as u32, points)
            }
            (Some(pixels), None) => {
                let points = f64::from(pixels) * INCH / f64::from(resolution.1);
                (pixels, points.round() as u32)
            }
            (Some(pixels), Some(points)) => {
                let apart = (to_pixels(points) - f64::from(pixels)).abs();
                (apart <= 1.0).then_some((pixels, points))?
            }
        };
        let width = fields.number(WIDTH);
        Some(Self { fields, pixels, points, resolution, width })
    }

    /// The bitmap of the face that is nearest in size, the first of those that are equally near, and how to scale it.
    pub(crate) fn instance<'f>(&self, names: impl Iterator<Item = &'f str>) -> Option<Instance<'f>> {
        let mut best: Option<(u32, &'f str, Fields<'f>, u32)> = None;
        for name in names {
            let Some(fields) = Fields::of(name).filter(|fields| self.fields.is_of_face(fields)) else {
                continue;
            };
            let Some(pixels) = fields.number(PIXELS) else { continue };
            // Patterns may be of several faces: the first decides.
            if best.as_ref().is_some_and(|(_, _, of, _)| !of.is_of_face(&fields)) {
                continue;
            }
            let distance = pixels.abs_diff(self.pixels);
            if best.as_ref().is_none_or(|best| distance < best.0) {
                best = Some((distance, name, fields, pixels));
            }
        }
        let (_, source, of, pixels) = best?;
        let ratio = |x: u32, y: u32| f64::from(x) / f64::from(y);
        let up = ratio(self.pixels, pixels);
        let drawn_for = ratio(
            of.number(RESOLUTION_X).unwrap_or(USUAL_RESOLUTION),
            of.number(RESOLUTION_Y).unwrap_or(USUAL_RESOLUTION),
        );
        let along = match (self.width, of.number(WIDTH)) {
            (Some(width), Some(of)) => ratio(width, of),
            _ => up * ratio(self.resolution.0, self.resolution.1) / drawn_for,
        };
        let width = of.number(WIDTH).map_or(0, |width| (f64::from(width) * along / 10.0).round() as u32 * 10);
        let name = self.resolved(&of, width);
        Some(Instance {
            source,
            scale: (along, up),
            name,
            pixels: self.pixels,
            points: self.points,
            resolution: self.resolution,
            width,
        })
    }

    /// The name of a face's bitmap with the sizes asked for; of which those that were named stay as they are.
    fn resolved(&self, of: &Fields<'_>, width: u32) -> String {
        let sizes = [self.pixels, self.points, self.resolution.0, self.resolution.1, width];
        let sizes = sizes.map(|size| size.to_string());
        let mut fields = Fields(of.0);
        for (at, size) in SIZES.into_iter().zip(&sizes) {
            fields.0[at] = size;
        }
        fields.name()
    }

    /// The names under which bitmaps' faces can be had in the size asked for, for a listing: each as it was asked for
    /// where it was not by a star.
    pub(crate) fn listed<'f>(&self, names: impl Iterator<Item = &'f str>) -> Vec<String> {
        let mut listed: Vec<String> = names
            .filter_map(Fields::of)
            .filter(|of| of.number(PIXELS).is_some() && self.fields.is_of_face(of))
            .filter_map(|of| {
                let resolved = self.resolved(&of, 0);
                let mut fields = Fields::of(&resolved)?;
                for at in SIZES {
                    if self.fields.0[at] != "*" {
                        fields.0[at] = self.fields.0[at];
                    }
                }
                Some(fields.name())
            })
            .collect();
        listed.sort();
        listed.dedup();
        listed
    }
}

/// A size of a face, and the bitmap from which it is made.
#[derive(Debug)]
pub(crate) struct Instance<'f> {
    /// The bitmap's name.
    pub(crate) source: &'f str,
    /// By how much it grows, in x and y.
    pub(crate) scale: (f64, f64),
    /// Its own name, with all sizes in numbers.
    pub(crate) name: String,
    pub(crate) pixels: u32,
    /// Tenths of a point.
    pub(crate) points: u32,
    /// Pixels per inch, in x and y.
    pub(crate) resolution: (u32, u32),
    /// Tenths of a pixel; 0 if the bitmap does not tell its own.
    pub(crate) width: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = [
        "-misc-fixed-medium-r-normal--10-100-75-75-c-60-iso8859-1",
        "-misc-fixed-medium-r-normal--20-200-75-75-c-100-iso8859-1",
        "-misc-fixed-bold-r-normal--18-120-100-100-c-90-iso8859-1",
        "cursor",
    ];

    fn instance(name: &str) -> Option<Instance<'static>> {
        Request::of(name)?.instance(NAMES.into_iter())
    }

    #[test]
    fn the_nearest_bitmap_of_the_face_is_scaled_to_the_size_asked_for() {
        let twice = instance("-misc-fixed-medium-r-normal--40-0-75-75-c-0-iso8859-1").unwrap();
        assert_eq!((twice.source, twice.scale), (NAMES[1], (2.0, 2.0)));
        assert_eq!(twice.name, "-misc-fixed-medium-r-normal--40-385-75-75-c-200-iso8859-1");
        let small = instance("-*-fixed-medium-*-*-*-8-*-*-*-*-*-iso8859-1").unwrap();
        assert_eq!((small.source, small.pixels), (NAMES[0], 8));
        assert!(instance("-adobe-times-medium-r-normal--40-0-75-75-c-0-iso8859-1").is_none());
    }

    #[test]
    fn points_are_pixels_by_the_resolution() {
        let points = instance("-misc-fixed-bold-r-normal--0-240-100-100-c-0-iso8859-1").unwrap();
        assert_eq!((points.pixels, points.points), (33, 240));
        let both =
            |points: u32| instance(&format!("-misc-fixed-bold-r-normal--26-{points}-75-75-c-0-iso8859-1"));
        assert!(both(250).is_some() && both(240).is_none(), "26 pixels are 250 points and not 240");
    }

    #[test]
    fn characters_become_as_wide_as_is_asked_for() {
        let wide = instance("-misc-fixed-medium-r-normal--20-0-75-75-c-200-iso8859-1").unwrap();
        assert_eq!((wide.scale, wide.width), ((2.0, 1.0), 200));
        let aspect = instance("-misc-fixed-medium-r-normal--20-0-150-75-c-0-iso8859-1").unwrap();
        assert_eq!(aspect.scale, (2.0, 1.0));
    }

    #[test]
    fn a_listing_names_each_face_once_in_the_size_asked_for() {
        let listed = |pattern: &str| Request::of(pattern).map(|request| request.listed(NAMES.into_iter()));
        assert_eq!(
            listed("-misc-*-*-r-normal--26-*-75-75-*-*-iso8859-1").unwrap(),
            [
                "-misc-fixed-bold-r-normal--26-251-75-75-c-0-iso8859-1",
                "-misc-fixed-medium-r-normal--26-251-75-75-c-0-iso8859-1"
            ]
        );
        assert_eq!(
            listed("-misc-fixed-bold-r-normal--0-0-*-*-c-0-iso8859-1").unwrap(),
            ["-misc-fixed-bold-r-normal--0-0-100-100-c-0-iso8859-1"]
        );
        assert_eq!(listed("-*-*-*-*-*-*-*-*-*-*-*-*-*-*"), None);
        assert_eq!(scalable(NAMES[2]).unwrap(), "-misc-fixed-bold-r-normal--0-0-100-100-c-0-iso8859-1");
    }

    #[test]
    fn numbers_that_are_none_ask_for_nothing() {
        for size in ["-1", "99999", "[10 0 0 10]", "1?", "9999999999999"] {
            let name = format!("-misc-fixed-bold-r-normal--{size}-0-75-75-c-0-iso8859-1");
            assert!(Request::of(&name).is_none(), "{size}");
        }
        assert!(Request::of("fixed").is_none() && Request::of("").is_none());
    }
}

//! Which of our icons a picture is.
//!
//! Reads `icons/tray/`. Invariant: a picture is an icon only where every pixel is that icon's.

use std::path::Path;

/// A picture as rows of red, green, blue, alpha.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub rgba: Vec<u8>,
}

impl Picture {
    pub fn read(path: &Path) -> Option<Self> {
        let file = std::io::BufReader::new(std::fs::File::open(path).ok()?);
        let mut decoder = png::Decoder::new(file);
        decoder
            .set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().ok()?;
        let mut rgba = vec![0; reader.output_buffer_size()?];
        let info = reader.next_frame(&mut rgba).ok()?;
        rgba.truncate(info.buffer_size());
        // what has no colour is written without
        let rgba = match info.color_type {
            png::ColorType::GrayscaleAlpha => {
                rgba.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
            }
            png::ColorType::Rgba => rgba,
            other => panic!("{}: {other:?}", path.display()),
        };
        Some(Self { width: info.width, height: info.height, rgba })
    }

    /// From the bus: alpha first.
    pub fn from_argb(width: i32, height: i32, bytes: &[u8]) -> Option<Self> {
        let rgba = bytes.chunks_exact(4).flat_map(|p| [p[1], p[2], p[3], p[0]]).collect();
        Some(Self { width: width.try_into().ok()?, height: height.try_into().ok()?, rgba })
    }

    /// How many colours it has.
    pub fn colours(&self) -> usize {
        self.rgba.chunks_exact(4).collect::<std::collections::HashSet<_>>().len()
    }

    /// In how many lines it differs from another one of its size.
    pub fn lines_apart(&self, other: &Self) -> usize {
        let width = self.width as usize * 4;
        self.rgba.chunks(width).zip(other.rgba.chunks(width)).filter(|(a, b)| a != b).count()
    }

    /// The middle of all that has this colour.
    pub fn middle_of(&self, ink: [u8; 3]) -> Option<(i32, i32)> {
        let width = usize::try_from(self.width).ok()?;
        let hits = self.rgba.chunks_exact(4).enumerate().filter(|(_, p)| p[..3] == ink);
        let places: Vec<(usize, usize)> = hits.map(|(at, _)| (at % width, at / width)).collect();
        let middle = |all: &mut dyn Iterator<Item = usize>| {
            let all: Vec<usize> = all.collect();
            i32::try_from((all.iter().min()? + all.iter().max()?) / 2).ok()
        };
        Some((middle(&mut places.iter().map(|p| p.0))?, middle(&mut places.iter().map(|p| p.1))?))
    }

    /// What does not depend on the ink that nobody sees.
    fn seen(&self) -> Vec<[u8; 4]> {
        let pixels = self.rgba.chunks_exact(4);
        pixels.map(|p| if p[3] == 0 { [0; 4] } else { [p[0], p[1], p[2], p[3]] }).collect()
    }

    /// The name of the icon: `recording-dark-24`.
    pub fn icon(&self) -> Option<String> {
        let folder = crate::workspace().join("icons/tray");
        let seen = self.seen();
        let mut names = crate::folder::files(&folder).into_iter().filter(|path| {
            Self::read(path).is_some_and(|icon| {
                (icon.width, icon.height) == (self.width, self.height) && icon.seen() == seen
            })
        });
        Some(names.next()?.file_stem()?.to_string_lossy().into_owned())
    }
}

//! How an organisation's pages look to those who sign in there, as far as it has said.

use domain::{BrandColour, Greeting, HelpLink};

/// What an organisation has said of its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// Stands in the addresses of what belongs to it, so that browsers may keep that, and another after each change.
    /// Nobody can guess it.
    pub mark: Box<str>,
    /// Its colour; one that follows from its id if there is none.
    pub colour: Option<BrandColour>,
    /// What it says to those who sign in.
    pub greeting: Option<Greeting>,
    /// Where somebody finds help who cannot sign in.
    pub help: Option<HelpLink>,
    /// What kind of picture its logo is, if it has one.
    pub logo: Option<Picture>,
    /// Whether its sign-in page is shown even where there is only one way in.
    pub always_shown: bool,
}

/// A kind of picture that a logo may be. None of them can hold a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
}

impl Picture {
    /// Every kind.
    pub const ALL: [Picture; 3] = [Picture::Png, Picture::Jpeg, Picture::Webp];

    /// Its media type.
    pub const fn media(self) -> &'static str {
        match self {
            Picture::Png => "image/png",
            Picture::Jpeg => "image/jpeg",
            Picture::Webp => "image/webp",
        }
    }

    /// The kind of this media type.
    pub fn of_media(media: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.media() == media)
    }

    /// What these bytes begin as.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Picture::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Picture::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Picture::Webp),
            _ => None,
        }
    }
}

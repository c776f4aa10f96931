//! 文书 as PDF: A4, one CJK font embedded as far as it is used, the same bytes for the same text. There is no
//! date, no name of a machine and no random id in it. A character the font lacks is told, never printed as
//! an empty box.

use super::{CaseError, Done};
use crate::error::OfficeError;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Name, Pdf, Rect, Ref, Str};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId, RawFace, Tag};

/// Where the systems we know keep a font with all Chinese characters, a serif first.
const FONTS: [&str; 6] = [
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-serif-cjk-fonts/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
];
/// The face of the mainland's forms in a collection.
const FACE: &str = "CJKsc";

/// A4 in points, its margins, and the heights of letters and lines.
const PAGE: [f32; 2] = [595.0, 842.0];
const MARGIN: f32 = 72.0;
const BODY: [f32; 2] = [12.0, 22.0];
const TITLE: [f32; 2] = [20.0, 40.0];

/// A line as it is printed.
struct Line {
    glyphs: Vec<u16>,
    size: f32,
    height: f32,
    left: f32,
}

/// Writes a letter.
///
/// # Errors
/// No font is installed, or the font lacks a character.
pub(super) fn pdf(text: &str) -> Done<Vec<u8>> {
    let found = FONTS.iter().find(|path| Path::new(path).exists());
    let path = found.ok_or_else(|| {
        let said = "没有装中文字体,写不成 PDF;请管理员安装 fonts-noto-cjk(Debian:apt-get install \
             fonts-noto-cjk),或者先用网页打印";
        CaseError::Refused(said.to_owned())
    })?;
    let data = std::fs::read(path).map_err(|error| broken(&error.to_string()))?;
    let index = face_of(&data);
    let face = Face::parse(&data, index).map_err(|error| broken(&error.to_string()))?;
    let mut used = Used {
        face: &face,
        mapper: GlyphRemapper::new(),
        chars: BTreeMap::new(),
    };
    let lines = used.lay_out(text)?;
    used.write(&data, index, &lines)
}

fn broken(why: &str) -> CaseError {
    CaseError::Office(OfficeError::Other(format!("PDF 写不成:{why}")))
}

/// The face of a collection with the forms of the mainland; the first of a file of one.
fn face_of(data: &[u8]) -> u32 {
    let faces = 0..ttf_parser::fonts_in_collection(data).unwrap_or(1);
    let is_ours = |index: &u32| {
        let Ok(face) = Face::parse(data, *index) else {
            return false;
        };
        let mut names = face.names().into_iter();
        names.any(|name| {
            name.name_id == ttf_parser::name_id::POST_SCRIPT_NAME
                && name.to_string().is_some_and(|name| name.contains(FACE))
        })
    };
    faces.clone().find(is_ours).unwrap_or(0)
}

/// What of the font a text uses.
struct Used<'f> {
    face: &'f Face<'f>,
    mapper: GlyphRemapper,
    chars: BTreeMap<u16, (char, f32)>,
}

impl Used<'_> {
    fn glyph(&mut self, c: char) -> Done<(u16, f32)> {
        let glyph = self.face.glyph_index(c).filter(|glyph| glyph.0 != 0);
        let glyph = glyph.ok_or_else(|| {
            let code = u32::from(c);
            CaseError::Refused(format!(
                "字体里没有“{c}”(U+{code:04X}),PDF 写不成;请先用网页打印"
            ))
        })?;
        let new = self.mapper.remap(glyph.0);
        let width = self.width(glyph);
        self.chars.insert(new, (c, width));
        Ok((new, width))
    }

    /// Width in thousandths of the letter's height.
    fn width(&self, glyph: GlyphId) -> f32 {
        let advance = self.face.glyph_hor_advance(glyph).unwrap_or(1_000);
        f32::from(advance) * 1_000.0 / f32::from(self.face.units_per_em())
    }

    fn lay_out(&mut self, text: &str) -> Done<Vec<Line>> {
        let mut out = Vec::new();
        for line in text.lines() {
            let plain = line.trim();
            let title = plain
                .strip_prefix("**")
                .and_then(|rest| rest.strip_suffix("**"));
            if plain.chars().all(|c| matches!(c, '|' | '-' | ' ' | ':')) && !plain.is_empty() {
                continue;
            }
            match title {
                Some(title) => self.paragraph(title, TITLE, &mut out)?,
                None => {
                    let cells = plain.trim_matches('|').replace('|', "  ");
                    self.paragraph(&cells.replace("**", ""), BODY, &mut out)?;
                }
            }
        }
        Ok(out)
    }

    fn paragraph(&mut self, text: &str, [size, height]: [f32; 2], out: &mut Vec<Line>) -> Done<()> {
        let room = PAGE[0] - MARGIN - MARGIN;
        let (mut glyphs, mut long) = (Vec::new(), 0.0);
        let mut lines = Vec::new();
        for c in text.chars() {
            let (glyph, width) = self.glyph(c)?;
            let width = width * size / 1_000.0;
            if long + width > room {
                lines.push((std::mem::take(&mut glyphs), long));
                long = 0.0;
            }
            glyphs.push(glyph);
            long += width;
        }
        lines.push((glyphs, long));
        for (glyphs, long) in lines {
            // A title stands in the middle.
            let middle = if size > BODY[0] {
                (room - long) / 2.0
            } else {
                0.0
            };
            out.push(Line {
                glyphs,
                size,
                height,
                left: MARGIN + middle,
            });
        }
        Ok(())
    }

    fn write(&self, data: &[u8], index: u32, lines: &[Line]) -> Done<Vec<u8>> {
        let subset = subsetter::subset(data, index, &self.mapper);
        let subset = subset.map_err(|error| broken(&error.to_string()))?;
        let raw = RawFace::parse(&subset, 0).map_err(|error| broken(&error.to_string()))?;
        let cff = raw.table(Tag::from_bytes(b"CFF "));
        let file = deflated(cff.unwrap_or(&subset))?;
        let pages = paged(lines);
        let [catalog, tree, font, cid, descriptor, stream, cmap] =
            [1, 2, 3, 4, 5, 6, 7].map(Ref::new);
        let mut next = 8;
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree);
        let mut kids = Vec::new();
        for page in &pages {
            let (page_id, content) = (Ref::new(next), Ref::new(next + 1));
            next += 2;
            kids.push(page_id);
            let mut one = pdf.page(page_id);
            one.media_box(Rect::new(0.0, 0.0, PAGE[0], PAGE[1]));
            one.parent(tree).contents(content);
            one.resources().fonts().pair(Name(b"F"), font);
            drop(one);
            let body = deflated(&drawn(page))?;
            pdf.stream(content, &body).filter(Filter::FlateDecode);
        }
        let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(kids).count(count);
        let name = Name(b"AAAAAA+NotoCJKsc");
        let system = || SystemInfo {
            registry: Str(b"Adobe"),
            ordering: Str(b"Identity"),
            supplement: 0,
        };
        pdf.type0_font(font)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);
        let mut cid_font = pdf.cid_font(cid);
        cid_font.subtype(match cff {
            Some(_) => CidFontType::Type0,
            None => CidFontType::Type2,
        });
        cid_font.base_font(name).system_info(system());
        cid_font.font_descriptor(descriptor).default_width(1_000.0);
        if cff.is_none() {
            cid_font.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        let mut widths = cid_font.widths();
        for (glyph, (_, width)) in &self.chars {
            widths.consecutive(*glyph, [*width]);
        }
        drop(widths);
        drop(cid_font);
        let mut described = pdf.font_descriptor(descriptor);
        described.name(name).flags(FontFlags::SYMBOLIC);
        described.bbox(Rect::new(-1_000.0, -500.0, 2_000.0, 1_500.0));
        described.italic_angle(0.0).ascent(880.0).descent(-120.0);
        described.cap_height(730.0).stem_v(80.0);
        match cff {
            Some(_) => described.font_file3(stream),
            None => described.font_file2(stream),
        };
        drop(described);
        let mut embedded = pdf.stream(stream, &file);
        embedded.filter(Filter::FlateDecode);
        if cff.is_some() {
            embedded.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
        }
        drop(embedded);
        let mut unicode = UnicodeCmap::new(Name(b"Custom"), system());
        for (glyph, (c, _)) in &self.chars {
            unicode.pair(*glyph, *c);
        }
        pdf.cmap(cmap, &unicode.finish());
        Ok(pdf.finish())
    }
}

/// Lines page by page.
fn paged(lines: &[Line]) -> Vec<Vec<&Line>> {
    let room = PAGE[1] - MARGIN - MARGIN;
    let mut pages: Vec<Vec<&Line>> = vec![Vec::new()];
    let mut filled = 0.0;
    for line in lines {
        if filled + line.height > room {
            pages.push(Vec::new());
            filled = 0.0;
        }
        filled += line.height;
        if let Some(page) = pages.last_mut() {
            page.push(line);
        }
    }
    pages
}

fn drawn(page: &[&Line]) -> Vec<u8> {
    let mut content = Content::new();
    let mut y = PAGE[1] - MARGIN;
    for line in page {
        y -= line.height;
        if line.glyphs.is_empty() {
            continue;
        }
        let bytes: Vec<u8> = line.glyphs.iter().flat_map(|g| g.to_be_bytes()).collect();
        content.begin_text();
        content.set_font(Name(b"F"), line.size);
        content.next_line(line.left, y);
        content.show(Str(&bytes));
        content.end_text();
    }
    content.finish().to_vec()
}

fn deflated(bytes: &[u8]) -> Done<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_err(|error| broken(&error.to_string()))
}

//! PDF: A4, one CJK font embedded as far as it is used, the same bytes for the same text. There is no date, no
//! name of a machine and no random id in it. A character the font lacks is told, never printed as an empty box.
//! A letter is a text; a report is headings, paragraphs and tables.

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

/// A line of a letter's text after which a new page begins: one copy for each who signs.
pub(crate) const NEXT_PAGE: &str = "\u{c}";

/// A4 in points, its margins, and the heights of letters and lines.
const PAGE: [f32; 2] = [595.0, 842.0];
const MARGIN: f32 = 72.0;
const BODY: [f32; 2] = [12.0, 22.0];
const TITLE: [f32; 2] = [20.0, 40.0];

/// Heights of a report: a heading, a paragraph, a cell, the foot of a page.
const HEADING: [f32; 2] = [14.0, 30.0];
const PARAGRAPH: [f32; 2] = [10.5, 17.0];
const CELL: [f32; 2] = [9.0, 14.0];
const FOOT: [f32; 2] = [9.0, 14.0];
/// Between two columns of a table.
const GUTTER: f32 = 8.0;
/// The narrowest column of a table that does not fit.
const NARROW: f32 = 36.0;

/// Why a PDF cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// No font is installed, or it lacks a character; says what to do.
    #[error("{0}")]
    Refused(String),
    /// The machine.
    #[error("PDF 写不成:{0}")]
    Broken(String),
}

impl From<PdfError> for crate::OfficeError {
    fn from(error: PdfError) -> Self {
        Self::Other(error.to_string())
    }
}

type Written<T> = Result<T, PdfError>;

/// A part of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// What it is called.
    Title(String),
    /// The name of a section.
    Heading(String),
    /// Sentences.
    Text(String),
    /// A table; whether each column is of numbers.
    Table {
        /// Names of the columns.
        head: Vec<String>,
        /// Rows of cells.
        rows: Vec<Vec<String>>,
        /// Columns set to the right.
        right: Vec<bool>,
    },
}

/// A line as it is printed: pieces beside one another.
struct Line {
    pieces: Vec<(f32, Vec<u16>)>,
    size: f32,
    height: f32,
    /// Whether a rule stands under it.
    ruled: bool,
    /// Whether the next line stands on the same page.
    keeps_next: bool,
    /// Whether a page begins with it.
    new_page: bool,
}

/// Writes a letter.
///
/// # Errors
/// No font is installed, or the font lacks a character.
pub(crate) fn pdf(text: &str) -> Written<Vec<u8>> {
    with_font(|used, data, index| {
        let lines = used.lay_out(text)?;
        let pages = paged(&lines);
        used.write((data, index), &pages, &[])
    })
}

/// Writes a report; each page says which it is.
///
/// # Errors
/// As [`pdf`].
pub(crate) fn report(parts: &[Part]) -> Written<Vec<u8>> {
    with_font(|used, data, index| {
        let mut lines = Vec::new();
        for part in parts {
            used.part(part, &mut lines)?;
        }
        let pages = paged(&lines);
        let mut feet = Vec::new();
        for page in 1..=pages.len() {
            feet.push(used.foot(&format!("第 {page} 页 共 {} 页", pages.len()))?);
        }
        used.write((data, index), &pages, &feet)
    })
}

/// The font letters are written with; none where none is installed.
pub(crate) fn font() -> Option<&'static str> {
    let mut known = FONTS.into_iter();
    known.find(|path| Path::new(path).exists())
}

fn with_font(
    write: impl FnOnce(&mut Used<'_>, &[u8], u32) -> Written<Vec<u8>>,
) -> Written<Vec<u8>> {
    let path = font().ok_or_else(|| {
        let said = "没有装中文字体,写不成 PDF;请管理员安装 fonts-noto-cjk(Debian:apt-get install \
             fonts-noto-cjk),或者先用网页打印";
        PdfError::Refused(said.to_owned())
    })?;
    let data = std::fs::read(path).map_err(|error| broken(&error.to_string()))?;
    let index = face_of(&data);
    let face = Face::parse(&data, index).map_err(|error| broken(&error.to_string()))?;
    let mut used = Used {
        face: &face,
        mapper: GlyphRemapper::new(),
        chars: BTreeMap::new(),
    };
    write(&mut used, &data, index)
}

fn broken(why: &str) -> PdfError {
    PdfError::Broken(why.to_owned())
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
    fn glyph(&mut self, c: char) -> Written<(u16, f32)> {
        let glyph = self.face.glyph_index(c).filter(|glyph| glyph.0 != 0);
        let glyph = glyph.ok_or_else(|| {
            let code = u32::from(c);
            PdfError::Refused(format!(
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

    fn lay_out(&mut self, text: &str) -> Written<Vec<Line>> {
        let mut out: Vec<Line> = Vec::new();
        let mut begin = Vec::new();
        for line in text.lines() {
            if line == NEXT_PAGE {
                begin.push(out.len());
                continue;
            }
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
        for at in begin {
            if let Some(first) = out.get_mut(at) {
                first.new_page = true;
            }
        }
        Ok(out)
    }

    fn paragraph(
        &mut self,
        text: &str,
        [size, height]: [f32; 2],
        out: &mut Vec<Line>,
    ) -> Written<()> {
        let room = PAGE[0] - MARGIN - MARGIN;
        for (glyphs, long) in self.wrapped(text, size, room)? {
            // A title stands in the middle.
            let middle = if size > BODY[0] {
                (room - long) / 2.0
            } else {
                0.0
            };
            out.push(Line::of((MARGIN + middle, glyphs), [size, height]));
        }
        Ok(())
    }

    /// A text broken where the room ends, each line with its length; an empty text is one empty line.
    fn wrapped(&mut self, text: &str, size: f32, room: f32) -> Written<Vec<(Vec<u16>, f32)>> {
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
        Ok(lines)
    }

    fn part(&mut self, part: &Part, out: &mut Vec<Line>) -> Written<()> {
        let room = PAGE[0] - MARGIN - MARGIN;
        match part {
            Part::Title(text) => self.paragraph(text, TITLE, out)?,
            Part::Heading(text) => {
                for (glyphs, _) in self.wrapped(text, HEADING[0], room)? {
                    let mut line = Line::of((MARGIN, glyphs), HEADING);
                    line.keeps_next = true;
                    out.push(line);
                }
            }
            Part::Text(text) => {
                for (glyphs, _) in self.wrapped(text, PARAGRAPH[0], room)? {
                    out.push(Line::of((MARGIN, glyphs), PARAGRAPH));
                }
            }
            Part::Table { head, rows, right } => {
                let widths = self.widths(head, rows, room)?;
                let mut lines = self.row(head, (&widths, right))?;
                for line in &mut lines {
                    line.keeps_next = true;
                }
                if let Some(last) = lines.last_mut() {
                    last.ruled = true;
                }
                out.append(&mut lines);
                for cells in rows {
                    out.append(&mut self.row(cells, (&widths, right))?);
                }
            }
        }
        Ok(())
    }

    /// How wide each column is: as its widest cell, and all narrower alike where that does not fit.
    fn widths(&mut self, head: &[String], rows: &[Vec<String>], room: f32) -> Written<Vec<f32>> {
        let mut widths = vec![0.0_f32; head.len()];
        for cells in std::iter::once(head).chain(rows.iter().map(Vec::as_slice)) {
            for (width, cell) in widths.iter_mut().zip(cells) {
                let lines = self.wrapped(cell, CELL[0], room)?;
                let long = lines.iter().map(|(_, long)| *long).fold(0.0, f32::max);
                *width = width.max(long);
            }
        }
        let between = u16::try_from(head.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let gutters = GUTTER * f32::from(between);
        let (free, needed) = (room - gutters, widths.iter().sum::<f32>());
        if needed > free && needed > 0.0 {
            // Narrow columns keep their width; the wide ones share what is left.
            let narrow = |width: f32| width <= NARROW;
            let kept: f32 = widths.iter().copied().filter(|w| narrow(*w)).sum();
            let shared = (free - kept).max(NARROW) / (needed - kept).max(1.0);
            for width in widths.iter_mut().filter(|w| !narrow(**w)) {
                *width = (*width * shared).max(NARROW);
            }
        }
        Ok(widths)
    }

    fn row(&mut self, cells: &[String], (widths, right): (&[f32], &[bool])) -> Written<Vec<Line>> {
        let mut columns = Vec::new();
        let mut left = MARGIN;
        for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
            // A cell's last letter may touch the border by a rounding.
            let lines = self.wrapped(cell, CELL[0], *width + 0.5)?;
            let to_right = right.get(at).copied().unwrap_or(false);
            let pieces: Vec<(f32, Vec<u16>)> = lines
                .into_iter()
                .map(|(glyphs, long)| {
                    let free = if to_right {
                        (*width - long).max(0.0)
                    } else {
                        0.0
                    };
                    (left + free, glyphs)
                })
                .collect();
            columns.push(pieces);
            left += *width + GUTTER;
        }
        let tall = columns.iter().map(Vec::len).max().unwrap_or(0);
        let mut lines = Vec::new();
        for at in 0..tall {
            let pieces = columns.iter().filter_map(|column| column.get(at).cloned());
            lines.push(Line {
                pieces: pieces.collect(),
                size: CELL[0],
                height: CELL[1],
                ruled: false,
                keeps_next: at.saturating_add(1) < tall,
                new_page: false,
            });
        }
        Ok(lines)
    }

    fn foot(&mut self, text: &str) -> Written<Line> {
        let room = PAGE[0] - MARGIN - MARGIN;
        let lines = self.wrapped(text, FOOT[0], room)?;
        let (glyphs, long) = lines.into_iter().next().unwrap_or_default();
        Ok(Line::of((MARGIN + (room - long) / 2.0, glyphs), FOOT))
    }

    fn write(
        &self,
        (data, index): (&[u8], u32),
        pages: &[Vec<&Line>],
        feet: &[Line],
    ) -> Written<Vec<u8>> {
        let subset = subsetter::subset(data, index, &self.mapper);
        let subset = subset.map_err(|error| broken(&error.to_string()))?;
        let raw = RawFace::parse(&subset, 0).map_err(|error| broken(&error.to_string()))?;
        let cff = raw.table(Tag::from_bytes(b"CFF "));
        let file = deflated(cff.unwrap_or(&subset))?;
        let [catalog, tree, font, cid, descriptor, stream, cmap] =
            [1, 2, 3, 4, 5, 6, 7].map(Ref::new);
        let mut next = 8;
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree);
        let mut kids = Vec::new();
        for (at, page) in pages.iter().enumerate() {
            let (page_id, content) = (Ref::new(next), Ref::new(next + 1));
            next += 2;
            kids.push(page_id);
            let mut one = pdf.page(page_id);
            one.media_box(Rect::new(0.0, 0.0, PAGE[0], PAGE[1]));
            one.parent(tree).contents(content);
            one.resources().fonts().pair(Name(b"F"), font);
            drop(one);
            let body = deflated(&drawn(page, feet.get(at)))?;
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

impl Line {
    fn of(piece: (f32, Vec<u16>), [size, height]: [f32; 2]) -> Self {
        Self {
            pieces: vec![piece],
            size,
            height,
            ruled: false,
            keeps_next: false,
            new_page: false,
        }
    }
}

/// Lines page by page; a heading and the parts of one row stay together.
fn paged(lines: &[Line]) -> Vec<Vec<&Line>> {
    let room = PAGE[1] - MARGIN - MARGIN;
    let mut pages: Vec<Vec<&Line>> = vec![Vec::new()];
    let mut filled = 0.0;
    for (at, line) in lines.iter().enumerate() {
        let mut height = line.height;
        let starts = at == 0
            || lines
                .get(at.saturating_sub(1))
                .is_none_or(|l| !l.keeps_next);
        if starts {
            let mut all = 0.0;
            for next in lines.iter().skip(at) {
                all += next.height;
                if !next.keeps_next {
                    break;
                }
            }
            // What is taller than a page cannot stay together.
            if all <= room {
                height = all;
            }
        }
        if filled + height > room || (line.new_page && filled > 0.0) {
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

fn drawn(page: &[&Line], foot: Option<&Line>) -> Vec<u8> {
    let mut content = Content::new();
    let mut y = PAGE[1] - MARGIN;
    for line in page {
        y -= line.height;
        draw(&mut content, line, y);
    }
    if let Some(foot) = foot {
        draw(&mut content, foot, MARGIN / 2.0);
    }
    content.finish().to_vec()
}

fn draw(content: &mut Content, line: &Line, y: f32) {
    for (left, glyphs) in line.pieces.iter().filter(|(_, glyphs)| !glyphs.is_empty()) {
        let bytes: Vec<u8> = glyphs.iter().flat_map(|g| g.to_be_bytes()).collect();
        content.begin_text();
        content.set_font(Name(b"F"), line.size);
        content.next_line(*left, y);
        content.show(Str(&bytes));
        content.end_text();
    }
    if line.ruled {
        content.set_line_width(0.5);
        content.move_to(MARGIN, y - 3.0);
        content.line_to(PAGE[0] - MARGIN, y - 3.0);
        content.stroke();
    }
}

fn deflated(bytes: &[u8]) -> Written<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_err(|error| broken(&error.to_string()))
}

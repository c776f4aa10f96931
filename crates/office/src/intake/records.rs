//! Text of CSV → its records, a page at a time, without an allocation a cell.

use super::decode::{BYTES_AT_ONCE, LINE_MAX, Text, refuse};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use std::io::{self, Read};

/// The most columns a department's file may have.
const COLUMNS_MAX: usize = 512;
/// The longest record, in bytes: some lines, where quoted cells run over line ends.
const RECORD_MAX: usize = LINE_MAX << 2;
/// A page ends behind the record that brings it past so many bytes, or so many cells.
const PAGE_BYTES_MAX: usize = LINE_MAX << 2;
const PAGE_CELLS_MAX: usize = 1 << 20;

/// The records of a file, in order.
pub(crate) struct Records {
    text: Box<dyn Read + Send>,
    core: Reader,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
    /// Of the last record, 0 for the header.
    number: u32,
}

/// Some records, one behind the other.
#[derive(Default)]
pub(crate) struct Page {
    text: Vec<u8>,
    used: usize,
    /// Where cells end, counted from the record's begin.
    ends: Vec<usize>,
    cells: usize,
    records: Vec<Place>,
}

struct Place {
    number: u32,
    from: usize,
    to: usize,
    first: usize,
    cells: usize,
}

/// A record of a page.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    /// Row number in the file, 1 for the first below the header.
    pub number: u32,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Written<'a> {
    /// How many cells.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A cell.
    pub(crate) fn cell(&self, at: usize) -> Option<&'a str> {
        let end = *self.ends.get(at)?;
        let from = at.checked_sub(1).map_or(Some(&0), |at| self.ends.get(at))?;
        self.text.get(*from..end)
    }

    /// The cells, in order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'a str> {
        let (text, ends) = (self.text, self.ends);
        let mut from = 0;
        ends.iter().map(move |end| {
            let cell = text.get(from..*end).unwrap_or("");
            from = *end;
            cell
        })
    }
}

impl Page {
    /// The records.
    pub(crate) fn records(&self) -> io::Result<impl Iterator<Item = Written<'_>>> {
        let whole = self.text.get(..self.used).unwrap_or(&[]);
        let Ok(whole) = simdutf8::basic::from_utf8(whole) else {
            return refuse("文件里有读不懂的文字,请另存为 CSV(UTF-8)");
        };
        Ok(self.records.iter().map(move |place| Written {
            number: place.number,
            text: whole.get(place.from..place.to).unwrap_or(""),
            ends: self
                .ends
                .get(place.first..place.first.saturating_add(place.cells))
                .unwrap_or(&[]),
        }))
    }

    fn clear(&mut self) {
        (self.used, self.cells) = (0, 0);
        self.records.clear();
    }
}

impl Records {
    /// Begins to read; answers the header, too.
    pub(crate) fn open(text: Text) -> io::Result<(Self, Vec<String>)> {
        let mut records = Self {
            text: text.reader,
            core: Reader::new(),
            buffer: vec![0; BYTES_AT_ONCE],
            from: 0,
            to: 0,
            ended: false,
            number: 0,
        };
        let guessed = records.guess_delimiter()?;
        let delimiter = text.delimiter.unwrap_or(guessed);
        records.core = ReaderBuilder::new().delimiter(delimiter).build();
        let mut header = records.header()?;
        // `sep=;`: a spreadsheet's own line, which says what stands between cells.
        let said = header.first().and_then(|first| first.strip_prefix("sep="));
        if let Some(said) = said.map(str::to_owned)
            && header.iter().skip(1).all(String::is_empty)
        {
            let said = said.bytes().next().unwrap_or(delimiter);
            records.core = ReaderBuilder::new().delimiter(said).build();
            header = records.header()?;
        }
        if header.len() > COLUMNS_MAX {
            return refuse(format!(
                "表头有 {} 列,超过上限 {COLUMNS_MAX};请只留要报送的列",
                header.len()
            ));
        }
        records.number = 0;
        Ok((records, header))
    }

    fn header(&mut self) -> io::Result<Vec<String>> {
        let mut page = Page::default();
        self.read_some(&mut page, 1)?;
        let first = page.records()?.next();
        Ok(first.map_or(Vec::new(), |r| r.cells().map(str::to_owned).collect()))
    }

    /// The next records, up to so many; whether there was one.
    pub(crate) fn read(&mut self, page: &mut Page, most: usize) -> io::Result<bool> {
        self.read_some(page, most)?;
        Ok(!page.records.is_empty())
    }

    fn read_some(&mut self, page: &mut Page, most: usize) -> io::Result<()> {
        page.clear();
        while page.records.len() < most
            && page.used < PAGE_BYTES_MAX
            && page.cells < PAGE_CELLS_MAX
            && self.next(page)?
        {}
        Ok(())
    }

    /// One record, put behind the others of the page unless it is blank; whether there was one.
    fn next(&mut self, page: &mut Page) -> io::Result<bool> {
        let (mut bytes, mut cells) = (0, 0);
        loop {
            if self.from == self.to {
                self.fill(0)?;
            }
            let input = self.buffer.get(self.from..self.to).unwrap_or(&[]);
            let from = page.used.saturating_add(bytes);
            let first = page.cells.saturating_add(cells);
            let (result, read, put, ended) = self.core.read_record(
                input,
                page.text.get_mut(from..).unwrap_or(&mut []),
                page.ends.get_mut(first..).unwrap_or(&mut []),
            );
            self.from = self.from.saturating_add(read);
            bytes = bytes.saturating_add(put);
            cells = cells.saturating_add(ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if bytes > RECORD_MAX => {
                    return refuse(format!(
                        "第 {} 行数据超过 {} MB,文件可能损坏;请重新导出",
                        self.number.saturating_add(1),
                        RECORD_MAX >> 20
                    ));
                }
                ReadRecordResult::OutputFull => grow(&mut page.text, 0),
                ReadRecordResult::OutputEndsFull => grow(&mut page.ends, 0),
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::Record => break,
            }
        }
        let to = page.used.saturating_add(bytes);
        if is_blank(page.text.get(page.used..to).unwrap_or(&[])) {
            return Ok(true);
        }
        self.number = self.number.saturating_add(1);
        page.records.push(Place {
            number: self.number,
            from: page.used,
            to,
            first: page.cells,
            cells,
        });
        page.used = to;
        page.cells = page.cells.saturating_add(cells);
        Ok(true)
    }

    /// Reads on behind the first bytes, which stay.
    fn fill(&mut self, kept: usize) -> io::Result<()> {
        let free = self.buffer.get_mut(kept..).unwrap_or(&mut []);
        let read = loop {
            match self.text.read(free) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.from = 0;
        self.to = kept.saturating_add(read);
        self.ended = read == 0;
        Ok(())
    }

    /// What stands most often in the first line that says anything.
    fn guess_delimiter(&mut self) -> io::Result<u8> {
        loop {
            let have = self.buffer.get(..self.to).unwrap_or(&[]);
            let mut lines = have.split(|b| matches!(b, b'\n' | b'\r')).peekable();
            while let Some(line) = lines.next() {
                let whole = lines.peek().is_some() || self.ended || have.len() > LINE_MAX;
                if whole && !is_blank(line) {
                    let often = |d: &u8| line.iter().filter(|b| *b == d).count();
                    let found = [b',', b'\t', b';', b'|'].into_iter().max_by_key(often);
                    return Ok(found.unwrap_or(b','));
                }
            }
            if self.ended {
                return refuse("文件里只有空白;请重新导出再报送");
            }
            // Never a free rest so small that a character of another encoding has no place in it.
            if self.buffer.len().saturating_sub(self.to) < BYTES_AT_ONCE >> 1 {
                grow(&mut self.buffer, 0);
            }
            self.fill(self.to)?;
        }
    }
}

fn grow<T: Clone>(list: &mut Vec<T>, with: T) {
    let size = list.len().saturating_mul(2).max(1 << 10);
    list.resize(size, with);
}

fn is_blank(bytes: &[u8]) -> bool {
    if bytes.first().is_some_and(u8::is_ascii_graphic) {
        return false;
    }
    std::str::from_utf8(bytes).is_ok_and(|text| text.trim().is_empty())
}

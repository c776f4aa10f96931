//! Bytes unpacked and decoded while they are read.

use super::{BYTES_AT_ONCE, refuse};
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030};
use flate2::read::MultiGzDecoder;
use std::io::{self, Cursor, Read};

/// What a gzip file holds, up to `most` bytes; the rest of a bomb is never unpacked.
pub(super) struct Unpacked<R> {
    inside: MultiGzDecoder<R>,
    left: u64,
    most: u64,
}

impl<R: Read> Unpacked<R> {
    pub(super) fn new(packed: R, most: u64) -> Self {
        Self {
            inside: MultiGzDecoder::new(packed),
            left: most,
            most,
        }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        let read = match self.inside.read(buffer) {
            Ok(read) => read,
            Err(e) if matches!(e.kind(), InvalidData | InvalidInput | UnexpectedEof) => {
                return refuse("压缩文件不完整或已损坏,请重新压缩或直接报送 CSV");
            }
            Err(e) => return Err(e),
        };
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => {
                let megabytes = self.most >> 20;
                return refuse(format!(
                    "压缩文件解开后超过 {megabytes} MB,请分成几个文件报送"
                ));
            }
        }
        Ok(read)
    }
}

/// A text of another encoding as UTF-8.
pub(super) struct Transcoded<R> {
    inner: R,
    decoder: Decoder,
    name: &'static str,
    input: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
    /// What was decoded and nobody has taken yet.
    output: Cursor<Vec<u8>>,
    finished: bool,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            name: encoding.name(),
            input: vec![0; BYTES_AT_ONCE],
            from: 0,
            to: 0,
            ended: false,
            output: Cursor::new(vec![]),
            finished: false,
        }
    }

    /// Decodes what is there, into a place that is large enough for any character.
    fn decode(&mut self) -> io::Result<()> {
        let mut place = std::mem::take(&mut self.output).into_inner();
        place.resize(BYTES_AT_ONCE, 0);
        let input = self.input.get(self.from..self.to).unwrap_or(&[]);
        let (result, read, written) = self
            .decoder
            .decode_to_utf8_without_replacement(input, &mut place, self.ended);
        self.from = self.from.saturating_add(read);
        place.truncate(written);
        self.output = Cursor::new(place);
        match result {
            DecoderResult::Malformed(..) if self.name == GB18030.name() => {
                refuse("文件既不是 UTF-8 也不是 GB18030;请另存为 CSV(UTF-8)")
            }
            DecoderResult::Malformed(..) => refuse(format!("{} 内容损坏,请重新导出", self.name)),
            DecoderResult::InputEmpty if self.ended => {
                self.finished = true;
                Ok(())
            }
            DecoderResult::InputEmpty => {
                let read = self.inner.read(&mut self.input)?;
                (self.from, self.to, self.ended) = (0, read, read == 0);
                Ok(())
            }
            DecoderResult::OutputFull => Ok(()),
        }
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.output.read(buffer)?;
            if read > 0 || self.finished || buffer.is_empty() {
                return Ok(read);
            }
            self.decode()?;
        }
    }
}

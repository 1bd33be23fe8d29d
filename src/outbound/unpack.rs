//! Unpacks an answer while it arrives, counting the bytes on both sides. The HTTP client could do it, but shows only one
//! of the two counts: 260 kB on the wire became 256 MiB without a word (D-45).

use std::io;
use std::io::Write;

use brotli_decompressor::BrotliDecoderParameter;
use brotli_decompressor::DecompressorWriter;
use flate2::write::MultiGzDecoder;

/// Nobody's honest text shrinks by more than this.
const RATIO: usize = 100;

/// Up to here the ratio is not looked at: small answers may be one long run of zeros.
const FREE_BYTES: usize = 1024 * 1024;

/// Output buffer of the brotli decoder.
const BUFFER_BYTES: usize = 16 * 1024;

/// Why an answer cannot be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::outbound) enum Fault {
    #[error("larger than the limit")]
    TooLarge,
    #[error("unpacks to more than {RATIO} times its size")]
    Inflated,
    #[error("damaged or cut off")]
    Damaged,
    #[error("packed in an unknown way")]
    UnknownCoding,
}

/// What has arrived so far, unpacked.
pub(in crate::outbound) struct Unpacker {
    coding: Coding,
    wire_bytes: usize,
    limit_bytes: usize,
}

enum Coding {
    Plain(Unpacked),
    Gzip(Box<MultiGzDecoder<Unpacked>>),
    Brotli(Box<DecompressorWriter<Unpacked>>),
}

impl Unpacker {
    /// An unpacker for a body with the given `Content-Encoding`, which yields at most `limit_bytes`.
    pub(in crate::outbound) fn new(coding: Option<&[u8]>, limit_bytes: usize) -> Result<Self, Fault> {
        let body = Unpacked { bytes: Vec::new(), wire_bytes: 0, limit_bytes };
        let coding = match coding.map(<[u8]>::to_ascii_lowercase).as_deref() {
            None | Some(b"" | b"identity") => Coding::Plain(body),
            Some(b"gzip" | b"x-gzip") => Coding::Gzip(Box::new(MultiGzDecoder::new(body))),
            Some(b"br") => {
                let mut decoder = DecompressorWriter::new(body, BUFFER_BYTES);
                // By default a stream may ask for a window of 1 GiB, which no browser accepts.
                decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
                Coding::Brotli(Box::new(decoder))
            }
            Some(_) => return Err(Fault::UnknownCoding),
        };
        Ok(Self { coding, wire_bytes: 0, limit_bytes })
    }

    /// Makes room for a body of a known size.
    pub(in crate::outbound) fn reserve(&mut self, bytes: usize) {
        if let Coding::Plain(body) = &mut self.coding {
            body.bytes.reserve(bytes);
        }
    }

    /// Takes the next bytes from the wire.
    pub(in crate::outbound) fn push(&mut self, chunk: &[u8]) -> Result<(), Fault> {
        self.wire_bytes = self.wire_bytes.saturating_add(chunk.len());
        if self.wire_bytes > self.limit_bytes {
            return Err(Fault::TooLarge);
        }
        let written = match &mut self.coding {
            Coding::Plain(body) => {
                body.bytes.extend_from_slice(chunk);
                return Ok(());
            }
            Coding::Gzip(decoder) => {
                decoder.get_mut().wire_bytes = self.wire_bytes;
                decoder.write_all(chunk)
            }
            Coding::Brotli(decoder) => {
                decoder.get_mut().wire_bytes = self.wire_bytes;
                decoder.write_all(chunk)
            }
        };
        written.map_err(fault_of)
    }

    /// The whole body. A packed one that stops too early is an error; an empty one is empty however it is declared, since
    /// answers to HEAD are.
    pub(in crate::outbound) fn finish(self) -> Result<Vec<u8>, Fault> {
        if self.wire_bytes == 0 {
            return Ok(Vec::new());
        }
        match self.coding {
            Coding::Plain(body) => Ok(body.bytes),
            Coding::Gzip(decoder) => decoder.finish().map(|body| body.bytes).map_err(fault_of),
            Coding::Brotli(mut decoder) => {
                decoder.close().map_err(fault_of)?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes))
            }
        }
    }
}

fn fault_of(error: io::Error) -> Fault {
    error.downcast::<Fault>().unwrap_or(Fault::Damaged)
}

/// Where the decoders write to: it refuses to grow too large or too fast.
struct Unpacked {
    bytes: Vec<u8>,
    wire_bytes: usize,
    limit_bytes: usize,
}

impl Write for Unpacked {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let total = self.bytes.len().saturating_add(part.len());
        if total > FREE_BYTES && total > self.wire_bytes.saturating_mul(RATIO) {
            return Err(io::Error::other(Fault::Inflated));
        }
        if total > self.limit_bytes {
            return Err(io::Error::other(Fault::TooLarge));
        }
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

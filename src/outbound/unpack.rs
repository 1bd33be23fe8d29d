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

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const LIMIT_BYTES: usize = 5 * 1024 * 1024;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn brotli(bytes: &[u8], has_large_window: bool) -> Vec<u8> {
        let lgwin = if has_large_window { 28 } else { 22 };
        let params = brotli::enc::BrotliEncoderParams {
            large_window: has_large_window,
            lgwin,
            quality: 9,
            ..Default::default()
        };
        let mut packed = Vec::new();
        brotli::BrotliCompress(&mut &*bytes, &mut packed, &params).unwrap();
        packed
    }

    fn unpack(coding: &str, packed: &[u8], limit_bytes: usize) -> Result<Vec<u8>, Fault> {
        let mut unpacker = Unpacker::new(Some(coding.as_bytes()), limit_bytes)?;
        for chunk in packed.chunks(1_000) {
            unpacker.push(chunk)?;
        }
        unpacker.finish()
    }

    /// Bytes that hardly shrink.
    fn noise(count: usize) -> Vec<u8> {
        let next = |seed: &u32| Some(seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        std::iter::successors(Some(7_u32), next).map(|seed| seed.to_be_bytes()[0]).take(count).collect()
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        let text = noise(100_000);

        assert_eq!(unpack("identity", &text, LIMIT_BYTES).unwrap(), text);
        assert_eq!(unpack("GZip", &gzip(&text), LIMIT_BYTES).unwrap(), text);
        assert_eq!(unpack("br", &brotli(&text, false), LIMIT_BYTES).unwrap(), text);
        assert_eq!(unpack("gzip", &[gzip(b"one "), gzip(b"two")].concat(), LIMIT_BYTES).unwrap(), b"one two");
    }

    #[test]
    fn a_bomb_is_stopped_soon_after_the_first_mebibyte() {
        let zeros = vec![0; 32 * 1024 * 1024];

        for (coding, packed) in [("gzip", gzip(&zeros)), ("br", brotli(&zeros, false))] {
            assert_eq!(unpack(coding, &packed, usize::MAX), Err(Fault::Inflated), "{coding}");
        }
    }

    #[test]
    fn a_small_answer_may_shrink_as_it_likes() {
        let zeros = vec![0; 1024 * 1024];

        assert_eq!(unpack("gzip", &gzip(&zeros), LIMIT_BYTES).unwrap().len(), zeros.len());
        assert_eq!(unpack("br", &brotli(&zeros, false), LIMIT_BYTES).unwrap().len(), zeros.len());
    }

    #[test]
    fn the_limit_is_on_what_comes_out() {
        let text = noise(10_000).repeat(20);

        for (coding, packed) in [("gzip", gzip(&text)), ("br", brotli(&text, false))] {
            assert!(packed.len() < 100_000, "{coding}");
            assert_eq!(unpack(coding, &packed, 200_000).unwrap().len(), 200_000, "{coding}");
            assert_eq!(unpack(coding, &packed, 199_999), Err(Fault::TooLarge), "{coding}");
        }
    }

    #[test]
    fn the_limit_is_on_the_wire_as_well() {
        let empty_members = gzip(b"").repeat(1_000);

        assert_eq!(unpack("gzip", &empty_members, 10_000), Err(Fault::TooLarge));
        assert_eq!(unpack("identity", &noise(10_001), 10_000), Err(Fault::TooLarge));
        assert_eq!(unpack("identity", &noise(10_000), 10_000).unwrap().len(), 10_000);
    }

    #[test]
    fn a_stream_that_is_cut_or_bent_is_damaged() {
        let text = noise(50_000);

        for (coding, packed) in [("gzip", gzip(&text)), ("br", brotli(&text, false))] {
            assert_eq!(unpack(coding, &packed[..packed.len() - 1], LIMIT_BYTES), Err(Fault::Damaged), "{coding}");
            assert_eq!(unpack(coding, &packed[..10], LIMIT_BYTES), Err(Fault::Damaged), "{coding}");
            assert_eq!(unpack(coding, b"not packed at all, but text", LIMIT_BYTES), Err(Fault::Damaged), "{coding}");
            let with_rest = [packed.as_slice(), b"rest"].concat();
            assert_eq!(unpack(coding, &with_rest, LIMIT_BYTES), Err(Fault::Damaged), "{coding}");
        }
    }

    #[test]
    fn a_window_of_a_gibibyte_is_refused() {
        let packed = brotli(&noise(50_000), true);

        assert_eq!(unpack("br", &packed, LIMIT_BYTES), Err(Fault::Damaged));
    }

    #[test]
    fn an_unknown_coding_is_refused() {
        for coding in ["zstd", "deflate", "gzip, br", "compress"] {
            assert_eq!(unpack(coding, b"x", LIMIT_BYTES), Err(Fault::UnknownCoding), "{coding}");
        }
    }

    #[test]
    fn no_body_is_no_body_however_it_is_declared() {
        assert_eq!(unpack("gzip", b"", LIMIT_BYTES).unwrap(), b"");
        assert_eq!(unpack("br", b"", LIMIT_BYTES).unwrap(), b"");
    }
}

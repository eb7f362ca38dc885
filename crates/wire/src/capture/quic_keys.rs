//! Keys of QUIC Initial packets: a public salt and the first connection id make them (RFC 9001 section 5.2).

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;

/// Bytes of the sample that header protection uses, and of the authentication tag.
const SAMPLE_BYTES: usize = 16;
const TAG_BYTES: usize = 16;

/// Versions whose Initial keys are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// RFC 9001, and drafts 33 and 34.
    One,
    /// RFC 9369.
    Two,
    /// The draft of version 2, seen in the field as 0x709a50c4.
    TwoDraft,
    /// Drafts 29 to 32.
    Draft29,
    /// Drafts 23 to 28, and Facebook's mvfst.
    Draft23,
}

impl Version {
    pub(super) const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 | 0xff00_0021 | 0xff00_0022 => Some(Self::One),
            0x6b33_43cf => Some(Self::Two),
            0x709a_50c4 => Some(Self::TwoDraft),
            0xff00_001d..=0xff00_0020 => Some(Self::Draft29),
            0xff00_0017..=0xff00_001c | 0xface_b002 => Some(Self::Draft23),
            _ => None,
        }
    }

    /// Number of the Initial type in the first byte; version 2 shuffles the types.
    pub(super) const fn initial_type(self) -> u8 {
        match self {
            Self::Two | Self::TwoDraft => 1,
            _ => 0,
        }
    }

    pub(super) const fn retry_type(self) -> u8 {
        match self {
            Self::Two | Self::TwoDraft => 0,
            _ => 3,
        }
    }

    const fn salt(self) -> [u8; 20] {
        match self {
            Self::One => [
                0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c,
                0xad, 0xcc, 0xbb, 0x7f, 0x0a,
            ],
            Self::Two => [
                0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d,
                0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
            ],
            Self::TwoDraft => [
                0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d, 0x62, 0xca, 0x57, 0x04, 0x06,
                0xea, 0x7a, 0xe3, 0xe5, 0xd3,
            ],
            Self::Draft29 => [
                0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11,
                0xe0, 0x43, 0x90, 0xa8, 0x99,
            ],
            Self::Draft23 => [
                0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63,
                0x65, 0xbe, 0xf9, 0xf5, 0x02,
            ],
        }
    }

    /// Labels of the key, the nonce and the header protection.
    const fn labels(self) -> [&'static str; 3] {
        match self {
            Self::Two | Self::TwoDraft => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
            _ => ["quic key", "quic iv", "quic hp"],
        }
    }
}

/// Keys of the client's Initial packets.
pub(super) struct Keys {
    packet: Aes128Gcm,
    header: Aes128,
    nonce: [u8; 12],
}

impl Keys {
    /// Keys from the destination connection id of the client's first packet.
    pub(super) fn of_client(version: Version, destination: &[u8]) -> Option<Self> {
        let initial = Hkdf::<Sha256>::new(Some(&version.salt()), destination);
        let mut secret = [0_u8; 32];
        expand_label(&initial, "client in", &mut secret)?;
        let client = Hkdf::<Sha256>::from_prk(&secret).ok()?;
        let [key_label, nonce_label, header_label] = version.labels();
        let (mut key, mut nonce, mut header) = ([0_u8; 16], [0_u8; 12], [0_u8; 16]);
        expand_label(&client, key_label, &mut key)?;
        expand_label(&client, nonce_label, &mut nonce)?;
        expand_label(&client, header_label, &mut header)?;
        Some(Self { packet: Aes128Gcm::new(&key.into()), header: Aes128::new(&header.into()), nonce })
    }

    /// Removes header protection and decrypts; `None` when the keys do not fit. `packet` is exactly one
    /// packet, `number_at` the offset of its packet number.
    pub(super) fn open(&self, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let sample: [u8; SAMPLE_BYTES] =
            packet.get(number_at + 4..number_at + 4 + SAMPLE_BYTES)?.try_into().ok()?;
        let mut mask = sample.into();
        self.header.encrypt_block(&mut mask);
        let [mask_first, mask_number @ ..] = <[u8; 16]>::from(mask);

        let mut header = packet.get(..number_at + 4)?.to_vec();
        let first = header.first_mut()?;
        *first ^= mask_first & 0x0f;
        let number_len = usize::from(*first & 3) + 1;
        header.truncate(number_at + number_len);
        for (byte, mask) in header.iter_mut().skip(number_at).zip(mask_number) {
            *byte ^= mask;
        }
        let mut nonce = self.nonce;
        let number = header.get(number_at..)?;
        for (byte, digit) in nonce.iter_mut().rev().zip(number.iter().rev()) {
            *byte ^= digit;
        }
        let sealed = packet.get(number_at + number_len..)?;
        let (body, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        let tag = Tag::<Aes128Gcm>::try_from(tag).ok()?;
        let mut plain = body.to_vec();
        let nonce = Nonce::<Aes128Gcm>::from(nonce);
        self.packet.decrypt_inout_detached(&nonce, &header, plain.as_mut_slice().into(), &tag).ok()?;
        Some(plain)
    }
}

/// HKDF-Expand-Label of TLS 1.3 with an empty context (RFC 8446 section 7.1).
fn expand_label(secret: &Hkdf<Sha256>, label: &str, output: &mut [u8]) -> Option<()> {
    let len = u16::try_from(output.len()).ok()?.to_be_bytes();
    let label_len = [u8::try_from(label.len() + 6).ok()?];
    let info: [&[u8]; 5] = [&len, &label_len, b"tls13 ", label.as_bytes(), &[0]];
    secret.expand_multi_info(&info, output).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9001 appendix A.1 and RFC 9369 appendix A.1 give the same connection id.
    const DESTINATION: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

    #[test]
    fn nonces_of_the_appendices() {
        let nonce = |version| Keys::of_client(version, &DESTINATION).unwrap().nonce;
        assert_eq!(
            nonce(Version::One),
            [0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46, 0xfb, 0x25, 0x5c]
        );
        assert_eq!(
            nonce(Version::Two),
            [0x91, 0xf7, 0x3e, 0x23, 0x51, 0xd8, 0xfa, 0x91, 0x66, 0x0e, 0x90, 0x9f]
        );
    }

    #[test]
    fn a_packet_under_other_keys_does_not_open() {
        let keys = Keys::of_client(Version::One, &DESTINATION).unwrap();
        assert_eq!(keys.open(&[0xc0; 100], 20), None);
        assert_eq!(keys.open(&[0xc0; 30], 20), None);
    }
}

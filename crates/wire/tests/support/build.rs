//! Captures made packet by packet.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const ACK: u8 = 16;

/// A classic pcap of raw IP packets, times in microseconds.
pub struct Capture {
    bytes: Vec<u8>,
}

impl Capture {
    pub fn new() -> Self {
        Self::of_link(101)
    }

    pub fn of_link(link: u32) -> Self {
        let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
        bytes.extend(link.to_le_bytes());
        Self { bytes }
    }

    pub fn packet(&mut self, micros: u64, packet: &[u8]) {
        let len = u32::try_from(packet.len()).unwrap();
        for word in
            [u32::try_from(micros / 1_000_000).unwrap(), u32::try_from(micros % 1_000_000).unwrap(), len, len]
        {
            self.bytes.extend(word.to_le_bytes());
        }
        self.bytes.extend_from_slice(packet);
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

pub fn ipv4(src: Ipv4Addr, dst: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    fragment(src, dst, protocol, (0, 0x4000), payload)
}

/// An IPv4 packet with its identification and its fragment field.
pub fn fragment(src: Ipv4Addr, dst: Ipv4Addr, protocol: u8, ids: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend(u16::try_from(payload.len() + 20).unwrap().to_be_bytes());
    packet.extend(ids.0.to_be_bytes());
    packet.extend(ids.1.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(src.octets());
    packet.extend(dst.octets());
    packet.extend_from_slice(payload);
    packet
}

pub fn udp(src: SocketAddrV4, dst: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    ipv4(*src.ip(), *dst.ip(), 17, &udp_datagram(src.port(), dst.port(), payload))
}

pub fn udp_datagram(src_port: u16, dst_port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    datagram.extend(src_port.to_be_bytes());
    datagram.extend(dst_port.to_be_bytes());
    datagram.extend(u16::try_from(payload.len() + 8).unwrap().to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend_from_slice(payload);
    datagram
}

pub fn ipv6(src: IpAddr, dst: IpAddr, next: u8, payload: &[u8]) -> Vec<u8> {
    let (IpAddr::V6(src), IpAddr::V6(dst)) = (src, dst) else { panic!("IPv6 addresses") };
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    packet.extend([next, 64]);
    packet.extend(src.octets());
    packet.extend(dst.octets());
    packet.extend_from_slice(payload);
    packet
}

/// A TCP connection under way; each side's numbers go on by what it sends.
pub struct Tcp {
    pub client: SocketAddrV4,
    pub server: SocketAddrV4,
    pub client_seq: u32,
    pub server_seq: u32,
    pub micros: u64,
}

impl Tcp {
    pub fn new(server_port: u16, micros: u64) -> Self {
        Self {
            client: "192.168.7.2:40000".parse().unwrap(),
            server: SocketAddrV4::new(Ipv4Addr::new(203, 0, 113, 9), server_port),
            client_seq: 1000,
            server_seq: 9000,
            micros,
        }
    }

    /// SYN, SYN-ACK and ACK.
    pub fn open(&mut self, capture: &mut Capture) {
        self.send(capture, true, SYN, b"");
        self.client_seq += 1;
        self.send(capture, false, SYN | ACK, b"");
        self.server_seq += 1;
        self.send(capture, true, ACK, b"");
    }

    pub fn client(&mut self, capture: &mut Capture, payload: &[u8]) {
        self.send(capture, true, ACK, payload);
        self.client_seq += u32::try_from(payload.len()).unwrap();
    }

    pub fn server(&mut self, capture: &mut Capture, payload: &[u8]) {
        self.send(capture, false, ACK, payload);
        self.server_seq += u32::try_from(payload.len()).unwrap();
    }

    pub fn close(&mut self, capture: &mut Capture) {
        self.send(capture, true, FIN | ACK, b"");
        self.client_seq += 1;
        self.send(capture, false, FIN | ACK, b"");
        self.server_seq += 1;
        self.send(capture, true, ACK, b"");
    }

    /// One segment at the present numbers, a millisecond later.
    pub fn send(&mut self, capture: &mut Capture, from_client: bool, flags: u8, payload: &[u8]) {
        self.micros += 1000;
        let packet = self.segment(from_client, flags, payload);
        capture.packet(self.micros, &packet);
    }

    pub fn segment(&self, from_client: bool, flags: u8, payload: &[u8]) -> Vec<u8> {
        let (src, dst) = if from_client { (self.client, self.server) } else { (self.server, self.client) };
        let (seq, ack) =
            if from_client { (self.client_seq, self.server_seq) } else { (self.server_seq, self.client_seq) };
        let mut segment = Vec::new();
        segment.extend(src.port().to_be_bytes());
        segment.extend(dst.port().to_be_bytes());
        segment.extend(seq.to_be_bytes());
        segment.extend((if flags & ACK != 0 { ack } else { 0 }).to_be_bytes());
        segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend_from_slice(payload);
        ipv4(*src.ip(), *dst.ip(), 6, &segment)
    }
}

/// A ClientHello record: TLS 1.2, one cipher, a server name and ALPN `h2`.
pub fn client_hello(name: &str) -> Vec<u8> {
    fn with_len(bytes: &[u8]) -> Vec<u8> {
        [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
    }
    let entry = [&[0][..], &with_len(name.as_bytes())].concat();
    let server_name = [&[0, 0][..], &with_len(&with_len(&entry))].concat();
    let alpn = [&[0, 16][..], &with_len(&with_len(b"\x02h2"))].concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
    body.extend(with_len(&[server_name, alpn].concat()));
    let mut record = vec![22, 3, 1];
    let len = u16::try_from(body.len()).unwrap();
    record.extend((len + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend(len.to_be_bytes());
    record.extend(body);
    record
}

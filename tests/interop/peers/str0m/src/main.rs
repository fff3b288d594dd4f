//! str0m as a peer; docs/interop.md has the lines that it reads and prints.

mod channels;
mod media;

use std::io::{BufRead, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{channel, Receiver, TryRecvError};
use std::time::{Duration, Instant};

use channels::Channels;
use media::Media;
use serde_json::{json, Value};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};

type Error = Box<dyn std::error::Error>;

/// How long a line, or a frame that is due, may wait behind the socket.
const PATIENCE: Duration = Duration::from_millis(5);
/// Datagrams that are read before anything else is done.
const BATCH: usize = 64;
/// Room for several of the largest messages; by default there is none for one.
const MOST_BUFFERED: usize = 1 << 20;

fn tell(what: &str, value: Value) {
    println!("{}", json!({ what: value }));
}

struct Call {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    pending: Option<SdpPendingOffer>,
    specs: Vec<Value>,
    channels: Channels,
    media: Media,
}

/// The address that packets to others leave from. Nothing is sent.
fn own_address() -> Result<SocketAddr, Error> {
    let probe = UdpSocket::bind("0.0.0.0:0")?;
    probe.connect("192.0.2.1:9")?;
    Ok(SocketAddr::new(probe.local_addr()?.ip(), 0))
}

impl Call {
    fn start(settings: &Value) -> Result<Self, Error> {
        let socket = UdpSocket::bind(own_address()?)?;
        let local = socket.local_addr()?;
        let media = Media::new(settings);
        let config = Rtc::builder().set_sctp_max_buffered_amount(MOST_BUFFERED);
        let mut rtc = media.configure(config).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        let specs = settings["data"]["channels"].as_array().cloned().unwrap_or_default();
        let mut call = Call { rtc, socket, local, pending: None, specs, channels: Channels::default(), media };
        if settings["role"] == "offer" {
            let mut changes = call.rtc.sdp_api();
            call.media.offer(&mut changes);
            for spec in &call.specs {
                let config = channels::config_of(spec);
                call.channels.add(changes.add_channel_with_config(config.clone()), config);
            }
            let (offer, pending) = changes.apply().ok_or("there is nothing to offer")?;
            call.pending = Some(pending);
            tell("description", json!({ "type": "offer", "sdp": offer.to_sdp_string() }));
        }
        Ok(call)
    }

    fn handle_description(&mut self, description: &Value) -> Result<(), Error> {
        let sdp = description["sdp"].as_str().ok_or("a description without sdp")?;
        if let Some(pending) = self.pending.take() {
            return Ok(self.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(sdp)?)?);
        }
        let answer = self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(sdp)?)?;
        tell("description", json!({ "type": "answer", "sdp": answer.to_sdp_string() }));
        for spec in std::mem::take(&mut self.specs) {
            let config = channels::config_of(&spec);
            self.channels.add(self.rtc.direct_api().create_data_channel(config.clone()), config);
        }
        Ok(())
    }

    fn handle_candidate(&mut self, line: &Value) -> Result<(), Error> {
        let text = line["candidate"].as_str().unwrap_or_default();
        if !text.is_empty() {
            self.rtc.add_remote_candidate(Candidate::from_sdp_string(text)?);
        }
        Ok(())
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Connected => tell("state", json!("connected")),
            Event::ChannelOpen(id, _) => self.channels.open(&mut self.rtc, id),
            Event::ChannelData(data) => self.channels.handle_data(&mut self.rtc, data),
            Event::ChannelClose(id) => self.channels.close(id),
            Event::MediaAdded(added) => self.media.add(added.mid, added.kind),
            Event::MediaData(data) => self.media.count(data.mid),
            _ => {}
        }
    }

    /// Everything that is to go out, or has happened; says when there is something to do again.
    fn drain(&mut self) -> Result<Instant, Error> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => return Ok(at),
                Output::Event(event) => self.handle_event(event),
                Output::Transmit(packet) => {
                    self.socket.send_to(&packet.contents, packet.destination)?;
                }
            }
        }
    }

    fn receive(&mut self, patience: Duration) -> Result<(), Error> {
        let mut buffer = [0; 2000];
        self.socket.set_read_timeout(Some(patience.max(Duration::from_micros(100))))?;
        for _ in 0..BATCH {
            match self.socket.recv_from(&mut buffer) {
                Ok((size, source)) => {
                    let contents = buffer[..size].try_into()?;
                    let received = Receive { proto: Protocol::Udp, source, destination: self.local, contents };
                    self.rtc.handle_input(Input::Receive(Instant::now(), received))?;
                    self.drain()?;
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) => return Err(error.into()),
            }
            self.socket.set_nonblocking(true)?;
        }
        self.socket.set_nonblocking(false)?;
        self.rtc.handle_input(Input::Timeout(Instant::now()))?;
        Ok(())
    }

    fn turn(&mut self) -> Result<(), Error> {
        self.drain()?;
        self.channels.send(&mut self.rtc)?;
        self.media.send(&mut self.rtc)?;
        let next = self.drain()?;
        let until_next = next.saturating_duration_since(Instant::now());
        self.receive(until_next.min(PATIENCE))
    }

    fn result(&self) -> Value {
        json!({
            "connected": self.rtc.is_connected(),
            "received": self.media.received(),
            "sent": self.media.sent(),
            "channels": self.channels.result(),
        })
    }
}

/// True until there are no more lines.
fn handle_lines(lines: &Receiver<Value>, call: &mut Option<Call>) -> Result<bool, Error> {
    loop {
        // Without a call there is nothing else to do.
        let line = if call.is_some() { lines.try_recv() } else { lines.recv().map_err(|_| TryRecvError::Disconnected) };
        let line = match line {
            Ok(line) => line,
            Err(TryRecvError::Empty) => return Ok(true),
            Err(TryRecvError::Disconnected) => return Ok(false),
        };
        match call {
            None if line.get("start").is_some() => *call = Some(Call::start(&line["start"])?),
            None => return Err("the call has not been started".into()),
            Some(call) if line.get("description").is_some() => call.handle_description(&line["description"])?,
            Some(call) if line.get("candidate").is_some() => call.handle_candidate(&line["candidate"])?,
            Some(call) if line.get("report").is_some() => tell("result", call.result()),
            Some(_) => {}
        }
    }
}

fn run() -> Result<(), Error> {
    let (give, lines) = channel();
    std::thread::spawn(move || {
        for text in std::io::stdin().lock().lines().map_while(Result::ok) {
            let line = serde_json::from_str(&text).expect("a line is JSON");
            if give.send(line).is_err() {
                return;
            }
        }
    });
    let mut call = None;
    while handle_lines(&lines, &mut call)? {
        if let Some(call) = &mut call {
            call.turn()?;
        }
    }
    Ok(())
}

fn main() {
    tell("hello", json!({ "name": "str0m", "version": env!("STR0M_VERSION") }));
    if let Err(error) = run() {
        tell("failed", json!(error.to_string()));
        std::process::exit(1);
    }
}

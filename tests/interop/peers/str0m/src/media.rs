//! What the start line has to be sent over and over, and how much of each kind came.

use std::time::{Duration, Instant};

use serde_json::{json, Value};
use str0m::change::SdpApi;
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid};
use str0m::{Rtc, RtcConfig, RtcError};

use crate::tell;

struct Medium {
    name: String,
    codec: String,
    frame: Vec<u8>,
    interval: Duration,
    mid: Option<Mid>,
    due: Option<Instant>,
    received: u64,
    sent: u64,
}

pub struct Media {
    media: Vec<Medium>,
    enough: u64,
    told_enough: bool,
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).expect("a frame is hexadecimal");
    (0..hexadecimal.len()).step_by(2).map(byte).collect()
}

impl Medium {
    fn kind(&self) -> MediaKind {
        if self.name == "audio" {
            MediaKind::Audio
        } else {
            MediaKind::Video
        }
    }

    fn clock(&self) -> (Frequency, u64) {
        match self.kind() {
            MediaKind::Audio => (Frequency::FORTY_EIGHT_KHZ, 48),
            MediaKind::Video => (Frequency::NINETY_KHZ, 90),
        }
    }
}

impl Media {
    pub fn new(settings: &Value) -> Self {
        let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_string();
        let medium = |told: &Value| Medium {
            name: text(told, "kind"),
            codec: text(told, "codec"),
            frame: bytes_of(&text(told, "frame")),
            interval: Duration::from_millis(told["every_ms"].as_u64().unwrap_or(20)),
            mid: None,
            due: None,
            received: 0,
            sent: 0,
        };
        let media = settings["media"].as_array().map(|told| told.iter().map(medium).collect()).unwrap_or_default();
        Media { media, enough: settings["enough"].as_u64().unwrap_or(1), told_enough: false }
    }

    pub fn configure(&self, mut config: RtcConfig) -> RtcConfig {
        config = config.clear_codecs();
        for medium in &self.media {
            config = match medium.codec.as_str() {
                "opus" => config.enable_opus(true, false),
                "VP8" => config.enable_vp8(true),
                _ => config.enable_h264(true),
            };
        }
        config
    }

    pub fn offer(&mut self, changes: &mut SdpApi) {
        for medium in &mut self.media {
            medium.mid = Some(changes.add_media(medium.kind(), Direction::SendRecv, None, None, None));
        }
    }

    /// The offer of the other side has it.
    pub fn add(&mut self, mid: Mid, kind: MediaKind) {
        if let Some(medium) = self.media.iter_mut().find(|medium| medium.kind() == kind) {
            medium.mid = Some(mid);
        }
    }

    pub fn count(&mut self, mid: Mid) {
        if let Some(medium) = self.media.iter_mut().find(|medium| medium.mid == Some(mid)) {
            medium.received += 1;
        }
        if !self.told_enough && self.media.iter().all(|medium| medium.received >= self.enough) {
            self.told_enough = true;
            tell("enough", json!({}));
        }
    }

    pub fn send(&mut self, rtc: &mut Rtc) -> Result<(), RtcError> {
        let now = Instant::now();
        for medium in &mut self.media {
            let (Some(mid), true) = (medium.mid, rtc.is_connected()) else { continue };
            let due = *medium.due.get_or_insert(now);
            let Some(writer) = rtc.writer(mid).filter(|_| due <= now) else { continue };
            let Some(pt) = writer.payload_params().next().map(|params| params.pt()) else { continue };
            let (frequency, per_ms) = medium.clock();
            let time = MediaTime::new(medium.sent * medium.interval.as_millis() as u64 * per_ms, frequency);
            writer.write(pt, now, time, medium.frame.clone())?;
            medium.sent += 1;
            medium.due = Some(due + medium.interval);
        }
        Ok(())
    }

    fn each(&self, number: impl Fn(&Medium) -> u64) -> Value {
        self.media.iter().map(|medium| (medium.name.clone(), json!(number(medium)))).collect()
    }

    pub fn received(&self) -> Value {
        self.each(|medium| medium.received)
    }

    pub fn sent(&self) -> Value {
        self.each(|medium| medium.sent)
    }
}

//! Data channels: what comes is sent back, and a text "close" closes the channel instead.

use std::collections::VecDeque;

use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use str0m::channel::{ChannelConfig, ChannelData, ChannelId, Reliability};
use str0m::{Rtc, RtcError};

use crate::tell;

/// From what the start line says of a channel.
pub fn config_of(spec: &Value) -> ChannelConfig {
    let number = |name: &str| spec[name].as_u64().map(|number| number as u16);
    let reliability = match (number("max_retransmits"), number("max_packet_life_time")) {
        (Some(retransmits), _) => Reliability::MaxRetransmits { retransmits },
        (_, Some(lifetime)) => Reliability::MaxPacketLifetime { lifetime },
        _ => Reliability::Reliable,
    };
    ChannelConfig {
        label: spec["label"].as_str().unwrap_or_default().into(),
        ordered: spec["ordered"].as_bool().unwrap_or(true),
        reliability,
        negotiated: number("id"),
        protocol: spec["protocol"].as_str().unwrap_or_default().into(),
    }
}

struct Line {
    id: ChannelId,
    config: Option<ChannelConfig>,
    stream: Option<u16>,
    is_open: bool,
    closed: bool,
    messages: usize,
    bytes: usize,
    hash: Sha256,
    waiting: VecDeque<ChannelData>,
}

#[derive(Default)]
pub struct Channels {
    lines: Vec<Line>,
}

impl Channels {
    fn line(&mut self, id: ChannelId) -> &mut Line {
        let found = self.lines.iter().position(|line| line.id == id && !line.closed);
        let index = found.unwrap_or_else(|| {
            self.lines.push(Line {
                id,
                config: None,
                stream: None,
                is_open: false,
                closed: false,
                messages: 0,
                bytes: 0,
                hash: Sha256::new(),
                waiting: VecDeque::new(),
            });
            self.lines.len() - 1
        });
        &mut self.lines[index]
    }

    pub fn add(&mut self, id: ChannelId, config: ChannelConfig) {
        self.line(id).config = Some(config);
    }

    pub fn open(&mut self, rtc: &mut Rtc, id: ChannelId) {
        let line = self.line(id);
        line.is_open = true;
        line.stream = rtc.direct_api().sctp_stream_id_by_channel_id(id);
        if let Some(config) = rtc.channel(id).and_then(|channel| channel.config().cloned()) {
            line.config = Some(config);
        }
    }

    pub fn handle_data(&mut self, rtc: &mut Rtc, data: ChannelData) {
        let line = self.line(data.id);
        line.messages += 1;
        line.bytes += data.data.len();
        line.hash.update(&data.data);
        if !data.binary && data.data == b"close" {
            rtc.direct_api().close_data_channel(data.id);
        } else {
            line.waiting.push_back(data);
        }
    }

    pub fn close(&mut self, id: ChannelId) {
        let line = self.line(id);
        line.closed = true;
        line.is_open = false;
        if let Some(config) = &line.config {
            tell("closed", json!(config.label));
        }
    }

    /// As much of what waits as there is room for.
    pub fn send(&mut self, rtc: &mut Rtc) -> Result<(), RtcError> {
        for line in self.lines.iter_mut().filter(|line| line.is_open) {
            while let (Some(data), Some(mut channel)) = (line.waiting.front(), rtc.channel(line.id)) {
                if !channel.write(data.binary, &data.data)? {
                    break;
                }
                line.waiting.pop_front();
            }
        }
        Ok(())
    }

    pub fn result(&self) -> Value {
        let told = self.lines.iter().map(|line| {
            let mut told = json!({
                "id": line.stream,
                "closed": line.closed,
                "received": {
                    "messages": line.messages,
                    "bytes": line.bytes,
                    "sha256": format!("{:x}", line.hash.clone().finalize()),
                },
            });
            if let Some(config) = &line.config {
                told["label"] = json!(config.label);
                told["protocol"] = json!(config.protocol);
                told["ordered"] = json!(config.ordered);
                told["negotiated"] = json!(config.negotiated.is_some());
                match config.reliability {
                    Reliability::MaxRetransmits { retransmits } => told["max_retransmits"] = json!(retransmits),
                    Reliability::MaxPacketLifetime { lifetime } => told["max_packet_life_time"] = json!(lifetime),
                    Reliability::Reliable => {}
                }
            }
            told
        });
        told.collect()
    }
}

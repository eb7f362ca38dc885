//! A progress bar on a terminal: phase, bytes and rate. Nothing elsewhere.

use crate::terminal::Console;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use undertone_engine::input::Progress;

const REDRAW: Duration = Duration::from_millis(120);
const TEMPLATE: &str = "{msg:>16} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";

/// A bar that follows the counters of a run until dropped.
pub(crate) struct Bar {
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// Starts to draw, where the console draws progress.
    pub(crate) fn start(progress: &Progress, console: &Console) -> Self {
        if !console.draws_progress() {
            return Self { running: None };
        }
        let progress = progress.clone();
        let (stop, stopped) = channel();
        let drawer = std::thread::spawn(move || {
            let style =
                ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(0).with_style(style);
            while stopped.recv_timeout(REDRAW) == Err(RecvTimeoutError::Timeout) {
                bar.set_length(progress.bytes_total());
                bar.set_position(progress.bytes_done());
                bar.set_message(progress.phase().as_str());
            }
            bar.finish_and_clear();
        });
        Self { running: Some((stop, drawer)) }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((stop, drawer)) = self.running.take() {
            drop(stop);
            // A drawer that panicked has left nothing to clean up.
            let _drawn = drawer.join();
        }
    }
}

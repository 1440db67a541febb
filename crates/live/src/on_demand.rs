//! Push on demand, pure: who watches, and when the gatherer is asked to start and to stop (R-LIV-01…04).
//!
//! One [`Demand`] a stream. Events and `now` go in, [`Action`]s come out; no clock, task or socket. A viewer is a
//! connection (FLV, WS-FLV, RTMP), which counts as long as it lives, or a lease (HLS, an open page), which must be
//! renewed.

use crate::ask::StartError;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The times of the state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemandTimes {
    /// How long viewers are held for a stream that starts.
    pub start_timeout: Duration,
    /// How long a stream without viewers goes on, and how long viewers are kept without a publisher.
    pub linger: Duration,
    /// How long a lease lives without being renewed; pages renew every 12 s.
    pub lease: Duration,
}

impl Default for DemandTimes {
    /// 10 s, 8 s, 30 s: a killed tab stops the push after 30 + 8 s, well within 42 s (R-LIV-02), a closed one after 8 s.
    fn default() -> Self {
        Self {
            start_timeout: Duration::from_secs(10),
            linger: Duration::from_secs(8),
            lease: Duration::from_secs(30),
        }
    }
}

/// Where a stream is between nobody watching and everybody watching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody watches. A publisher may be there nevertheless.
    Idle,
    /// Viewers are held until the publisher comes or the deadline passes.
    Starting {
        /// When the held viewers get an error.
        deadline: Instant,
        /// The publisher had been there: failed starts are repeated until the deadline.
        again: bool,
    },
    /// Publisher and viewers are there.
    Live,
    /// Nobody watches any more; the push goes on until the deadline, in case somebody returns.
    Draining {
        /// When the gatherer is told to stop.
        deadline: Instant,
        /// A start was asked for and may still succeed until then.
        starting_until: Option<Instant>,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A connection asks for the stream.
    Joined(u64),
    /// That connection is gone.
    Left(u64),
    /// A page or HLS player was heard of.
    Renewed(String),
    /// That page said goodbye.
    Ended(String),
    /// The stream has a publisher.
    PublisherStarted,
    /// The publisher is gone.
    PublisherStopped,
    /// The gatherer could not be asked, or said no.
    StartFailed(StartError),
    /// Time passed; see [`Demand::next_deadline`].
    Tick,
}

/// What should happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Ask the relay for the stream.
    Start,
    /// Tell the relay that nobody watches.
    Stop,
    /// Held viewers may go on.
    Release,
    /// Held viewers get this reason.
    Fail(StartError),
}

/// The first pause before a repeated start; doubles up to [`RETRY_MAX`].
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest pause between repeated starts.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// A publisher that lived this long was well: the pause begins anew.
const WELL_AFTER: Duration = Duration::from_secs(30);

/// The demand for one stream.
#[derive(Debug)]
pub struct Demand {
    times: DemandTimes,
    state: State,
    publishing: bool,
    publishing_since: Option<Instant>,
    connections: HashMap<u64, ()>,
    leases: HashMap<String, Instant>,
    retries: u32,
    retry_at: Option<Instant>,
}

impl Demand {
    /// A stream nobody watches.
    pub fn new(times: DemandTimes) -> Self {
        Self {
            times,
            state: State::Idle,
            publishing: false,
            publishing_since: None,
            connections: HashMap::new(),
            leases: HashMap::new(),
            retries: 0,
            retry_at: None,
        }
    }

    /// Where the stream is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Living leases.
    pub fn leases(&self) -> usize {
        self.leases.len()
    }

    /// Whether nothing is left to do or to remember.
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle && !self.publishing && self.is_unwatched()
    }

    fn is_unwatched(&self) -> bool {
        self.connections.is_empty() && self.leases.is_empty()
    }

    /// Takes one event and says what should happen, in order.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Joined(id) => {
                self.connections.insert(id, ());
                self.wanted(now, &mut actions);
            }
            Event::Renewed(viewer) => {
                self.leases.insert(viewer, now + self.times.lease);
                self.wanted(now, &mut actions);
            }
            Event::Left(id) => {
                self.connections.remove(&id);
            }
            Event::Ended(viewer) => {
                self.leases.remove(&viewer);
            }
            Event::PublisherStarted => self.publisher_started(now, &mut actions),
            Event::PublisherStopped => self.publisher_stopped(now, &mut actions),
            Event::StartFailed(error) => self.start_failed(error, now, &mut actions),
            Event::Tick => {}
        }
        self.pass_time(now, &mut actions);
        actions
    }

    /// When [`Event::Tick`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        let state = match self.state {
            State::Starting { deadline, .. } | State::Draining { deadline, .. } => Some(deadline),
            _ => None,
        };
        self.leases.values().copied().chain(state).chain(self.retry_at).min()
    }

    fn wanted(&mut self, now: Instant, actions: &mut Vec<Action>) {
        match self.state {
            State::Starting { .. } => {}
            _ if self.publishing => {
                self.state = State::Live;
                actions.push(Action::Release);
            }
            State::Draining { starting_until: Some(deadline), .. } if now < deadline => {
                self.state = State::Starting { deadline, again: false };
            }
            _ => {
                self.state = State::Starting { deadline: now + self.times.start_timeout, again: false };
                actions.push(Action::Start);
            }
        }
    }

    fn publisher_started(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.publishing = true;
        self.publishing_since = Some(now);
        self.retry_at = None;
        match self.state {
            State::Starting { .. } => {
                self.state = State::Live;
                actions.push(Action::Release);
            }
            // A push nobody asked for (a lost stop command, a restarted server): give viewers the linger to come.
            State::Idle => {
                let deadline = now + self.times.linger;
                self.state = State::Draining { deadline, starting_until: None };
            }
            _ => {}
        }
    }

    fn publisher_stopped(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.publishing = false;
        if self.publishing_since.take().is_some_and(|since| now >= since + WELL_AFTER) {
            self.retries = 0;
        }
        match self.state {
            State::Live => {
                // It may come back by itself: a gatherer reconnects its push. Ask again after a pause all the same.
                let hold = self.times.start_timeout.max(self.times.linger);
                self.state = State::Starting { deadline: now + hold, again: true };
                self.retry_later(now);
            }
            State::Draining { starting_until: None, .. } => {
                self.state = State::Idle;
                actions.push(Action::Stop);
            }
            _ => {}
        }
    }

    fn start_failed(&mut self, error: StartError, now: Instant, actions: &mut Vec<Action>) {
        match self.state {
            State::Starting { deadline, again: true } if now < deadline => self.retry_later(now),
            State::Starting { .. } => self.fail(error, actions),
            State::Draining { deadline, starting_until: Some(_) } => {
                self.state = if self.publishing {
                    State::Draining { deadline, starting_until: None }
                } else {
                    State::Idle
                };
            }
            _ => {}
        }
    }

    fn retry_later(&mut self, now: Instant) {
        self.retry_at = Some(now + (RETRY_FIRST * 2u32.saturating_pow(self.retries)).min(RETRY_MAX));
        self.retries = (self.retries + 1).min(8);
    }

    fn fail(&mut self, error: StartError, actions: &mut Vec<Action>) {
        // Pages that still want it renew within 12 s and begin a new start; held connections end by themselves.
        self.state = State::Idle;
        self.retry_at = None;
        self.leases.clear();
        self.connections.clear();
        actions.push(Action::Fail(error));
    }

    fn pass_time(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.leases.retain(|_, until| now < *until);
        if self.is_unwatched() {
            let deadline = now + self.times.linger;
            match self.state {
                State::Live => self.state = State::Draining { deadline, starting_until: None },
                State::Starting { deadline: until, .. } => {
                    self.retry_at = None;
                    self.state = State::Draining { deadline, starting_until: Some(until) };
                }
                _ => {}
            }
        }
        match self.state {
            State::Starting { deadline, .. } if now >= deadline => {
                self.fail(StartError::Timeout, actions);
                actions.push(Action::Stop);
            }
            State::Draining { deadline, .. } if now >= deadline => {
                self.state = State::Idle;
                actions.push(Action::Stop);
            }
            State::Starting { .. } if self.retry_at.is_some_and(|at| now >= at) => {
                self.retry_at = None;
                actions.push(Action::Start);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "on_demand_tests.rs"]
mod tests;

//! Behaviour of [`Demand`] in simulated time.

use super::*;

/// Drives a [`Demand`] second by second and notes every action with its second.
struct Sim {
    demand: Demand,
    start: Instant,
    now_s: u64,
    log: Vec<(u64, Action)>,
}

impl Sim {
    fn new() -> Self {
        let demand = Demand::new(DemandTimes::default());
        Self { demand, start: Instant::now(), now_s: 0, log: Vec::new() }
    }

    fn event(&mut self, event: Event) -> &mut Self {
        let now = self.start + Duration::from_secs(self.now_s);
        let actions = self.demand.handle(event, now);
        self.log.extend(actions.into_iter().map(|a| (self.now_s, a)));
        self
    }

    /// Lets time pass until second `to`, waking only when the machine asks to be woken.
    fn until(&mut self, to: u64) -> &mut Self {
        while self.now_s < to {
            self.now_s += 1;
            let now = self.start + Duration::from_secs(self.now_s);
            if self.demand.next_deadline().is_some_and(|at| at <= now) {
                self.event(Event::Tick);
            }
        }
        self
    }

    fn take(&mut self) -> Vec<(u64, Action)> {
        std::mem::take(&mut self.log)
    }
}

fn page(name: &str) -> Event {
    Event::Renewed(name.into())
}

#[test]
fn nobody_watching_starts_nothing() {
    let mut sim = Sim::new();
    assert_eq!(sim.until(1000).take(), []);
}

#[test]
fn ten_viewers_at_once_are_one_start_and_all_are_released() {
    let mut sim = Sim::new();
    for id in 0..10 {
        sim.event(Event::Joined(id));
    }
    assert_eq!(sim.take(), [(0, Action::Start)]);
    assert_eq!(sim.until(1).event(Event::PublisherStarted).take(), [(1, Action::Release)]);
    assert_eq!(sim.event(Event::Joined(11)).take(), [(1, Action::Release)], "a later one need not wait");
}

#[test]
fn a_killed_tab_stops_the_push_within_42_s() {
    let mut sim = Sim::new();
    sim.event(page("tab")).event(Event::PublisherStarted);
    for s in (12..=48).step_by(12) {
        sim.until(s).event(page("tab"));
    }
    sim.take();
    let log = sim.until(200).take();
    assert_eq!(log, [(48 + 38, Action::Stop)]);
    assert!(log[0].0 - 48 <= 42);
}

#[test]
fn a_closed_tab_stops_the_push_within_20_s() {
    let mut sim = Sim::new();
    sim.event(page("tab")).event(Event::Joined(1)).event(Event::PublisherStarted).take();
    sim.until(5).event(Event::Left(1)).event(Event::Ended("tab".into()));
    assert_eq!(sim.until(60).take(), [(13, Action::Stop)]);
}

#[test]
fn a_viewer_who_returns_while_draining_cancels_the_stop() {
    let mut sim = Sim::new();
    sim.event(Event::Joined(1)).event(Event::PublisherStarted).event(Event::Left(1)).take();
    assert!(matches!(sim.demand.state(), State::Draining { .. }));
    assert_eq!(sim.until(7).event(Event::Joined(2)).until(100).take(), [(7, Action::Release)]);
    assert_eq!(sim.demand.state(), State::Live);
}

#[test]
fn a_start_that_takes_too_long_fails_for_everybody_and_is_called_back() {
    let mut sim = Sim::new();
    sim.event(Event::Joined(1)).event(page("tab"));
    let expect = [(0, Action::Start), (10, Action::Fail(StartError::Timeout)), (10, Action::Stop)];
    assert_eq!(sim.until(60).take(), expect);
    assert!(sim.demand.is_idle());
}

#[test]
fn a_refused_start_gives_all_held_viewers_the_reason() {
    let mut sim = Sim::new();
    sim.event(Event::Joined(1)).event(Event::Joined(2)).event(Event::StartFailed(StartError::Offline));
    assert_eq!(sim.take(), [(0, Action::Start), (0, Action::Fail(StartError::Offline))]);
    assert_eq!(sim.event(Event::Joined(3)).take(), [(0, Action::Start)], "the next viewer asks anew");
}

#[test]
fn a_dying_publisher_is_asked_for_again_with_growing_pauses() {
    let mut sim = Sim::new();
    sim.event(Event::Joined(1)).event(Event::PublisherStarted).take();
    sim.until(2).event(Event::PublisherStopped);
    assert_eq!(sim.until(3).take(), [(3, Action::Start)]);
    sim.event(Event::StartFailed(StartError::Offline));
    assert_eq!(sim.until(5).take(), [(5, Action::Start)], "viewers are kept, pause 2 s");
    assert_eq!(sim.event(Event::PublisherStarted).take(), [(5, Action::Release)]);
    sim.until(6).event(Event::PublisherStopped);
    assert_eq!(sim.until(10).take(), [(10, Action::Start)], "pause 4 s");
    let expect = [(16, Action::Fail(StartError::Timeout)), (16, Action::Stop)];
    assert_eq!(sim.until(60).take(), expect, "viewers are kept no longer than 10 s");
}

#[test]
fn a_publisher_that_was_well_begins_with_the_short_pause() {
    let mut sim = Sim::new();
    sim.event(Event::Joined(1)).event(Event::PublisherStarted);
    for (dies, again) in [(40, 41), (80, 81)] {
        sim.until(dies).event(Event::PublisherStopped).take();
        assert_eq!(sim.until(again).take(), [(again, Action::Start)]);
        sim.event(Event::PublisherStarted);
    }
}

#[test]
fn a_push_nobody_watches_is_stopped_after_the_linger() {
    let mut sim = Sim::new();
    assert_eq!(sim.event(Event::PublisherStarted).until(60).take(), [(8, Action::Stop)]);
}

#[test]
fn viewers_who_left_and_returned_while_starting_cause_no_second_start() {
    let mut sim = Sim::new();
    sim.event(Event::Joined(1)).until(2).event(Event::Left(1)).until(4).event(Event::Joined(2));
    assert_eq!(sim.take(), [(0, Action::Start)]);
    assert_eq!(sim.until(5).event(Event::PublisherStarted).take(), [(5, Action::Release)]);
}

#[test]
fn viewers_who_gave_up_while_starting_leave_a_stop_behind() {
    let mut sim = Sim::new();
    sim.event(Event::Joined(1)).until(2).event(Event::Left(1)).until(3).event(Event::PublisherStarted);
    assert_eq!(sim.until(60).take(), [(0, Action::Start), (10, Action::Stop)]);
}

#[test]
fn a_stopped_push_that_lives_on_serves_a_new_viewer_at_once() {
    let mut sim = Sim::new();
    sim.event(Event::Joined(1)).event(Event::PublisherStarted).event(Event::Left(1)).until(10).take();
    assert_eq!(sim.event(Event::Joined(2)).take(), [(10, Action::Release)]);
    sim.until(11).event(Event::PublisherStopped);
    assert_eq!(sim.until(12).take(), [(12, Action::Start)], "the stop had its effect; the viewer wants it");
}

//! The life cycle of one machine as a state machine without I/O: an [`Input`] goes in, [`Effect`]s come out.
//!
//! Principles:
//!
//! * The five states of the contract ([`VmState`]) are what the database and the user see; a [`Phase`] is finer
//!   where the next step depends on it. Every change of state is an [`Effect::Save`], in front of the effects that
//!   make it true: a daemon that dies in between finds more in the database than runs, never less.
//! * Every phase that waits for somebody else has a deadline, and what follows a deadline is harsher than what came
//!   before. The last one is [`Phase::Zombie`], which waits for a person or for the next start.
//! * An input that the phase did not ask for changes nothing.

use qvd_protocol::ErrorCode;
use qvd_protocol::api::VmState;

use crate::hypervisor::End;
use crate::store::Fault;

/// One machine's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lifecycle {
    phase: Phase,
    /// Whether the agent's link stands.
    agent: bool,
    /// Why the last start failed, or the last run broke.
    fault: Option<Fault>,
    /// What was asked for while something else had to end first.
    wanted: Option<Wanted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Start,
    Stop,
}

/// Where in its life a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing of it runs.
    Stopped,
    /// The daemon has started and asks the hypervisor what is left of it; the row says this state.
    Adopting(VmState),
    /// The hypervisor was told to start it and has not answered.
    Launching,
    /// It runs; its agent has not reported yet.
    Booting,
    /// Its agent has reported.
    Running,
    /// It was told to stop.
    Stopping(Step),
    /// Something of it could not be removed.
    Zombie,
}

/// How hard a machine is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The hypervisor has not yet answered the start.
    Launch,
    /// The agent was asked.
    Agent,
    /// The hypervisor was asked for an orderly power-off.
    PowerOff,
    /// The hypervisor was told to kill it.
    Kill,
    /// The hypervisor was asked to find and remove what is left.
    Sweep,
}

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Somebody wants it to run.
    Start,
    /// Somebody wants it to stop.
    Stop,
    /// Somebody wants it to stop and run again.
    Restart,
    /// The hypervisor was asked what is left of it: whether something runs, or why it cannot tell.
    Swept(Result<bool, String>),
    /// The hypervisor answered the start.
    Launched(Result<(), Fault>),
    /// The agent has proved itself and reported.
    AgentUp,
    /// The agent's link broke.
    AgentDown,
    /// The agent cannot be used, such as one of another version.
    AgentUnusable(Fault),
    /// The agent was asked to shut down and did not accept.
    AgentRefused,
    /// The hypervisor could not ask for the power-off.
    PowerOffFailed,
    /// The hypervisor has killed it, or says why it could not.
    Killed(Result<(), String>),
    /// It ended.
    Ended(End),
    /// The armed deadline has passed.
    Deadline,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Write the state, and the fault, to the database.
    Save(VmState),
    /// Ask the hypervisor what is left of it; answered by [`Input::Swept`].
    Sweep,
    /// Start it; answered by [`Input::Launched`].
    Launch,
    /// Ask the agent to shut down; answered by [`Input::AgentRefused`] at most.
    AskAgent,
    /// Ask the hypervisor for an orderly power-off; answered by [`Input::PowerOffFailed`] at most.
    PowerOff,
    /// Kill it; answered by [`Input::Killed`].
    Kill,
    /// The machine's node link is not needed any more; whatever is under way with it is stale.
    Forget,
    /// Set the deadline, in place of the one before.
    Arm(Deadline),
    /// Take the deadline away.
    Disarm,
}

/// Which of the configured times a deadline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// From start to the agent's report.
    Boot,
    /// For one step of stopping.
    Stop,
}

impl Lifecycle {
    /// A machine whose row says `state`. When that is not stopped, the returned effects find out what is true.
    pub(crate) fn restore(state: VmState, fault: Option<Fault>) -> (Self, Vec<Effect>) {
        let stopped = state == VmState::Stopped;
        let phase = if stopped { Phase::Stopped } else { Phase::Adopting(state) };
        let effects = if stopped { vec![] } else { vec![Effect::Arm(Deadline::Stop), Effect::Sweep] };
        (Self { phase, agent: false, fault, wanted: None }, effects)
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Takes one input in.
    pub(crate) fn handle(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.step(input, &mut effects);
        effects
    }

    #[expect(clippy::match_same_arms, reason = "the table reads by cause, not by what follows")]
    fn step(&mut self, input: Input, out: &mut Vec<Effect>) {
        use Phase::{Adopting, Booting, Launching, Running, Stopped, Stopping, Zombie};
        match (input, self.phase) {
            (Input::Start, Stopped) => self.launch(out),
            (Input::Start, Zombie) => {
                self.wanted = Some(Wanted::Start);
                self.sweep(out);
            }
            (Input::Start, Stopping(_) | Adopting(_)) => self.wanted = Some(Wanted::Start),

            (Input::Stop, Launching | Booting | Running) => self.stop(out),
            (Input::Stop, Stopping(_) | Adopting(_)) => self.wanted = Some(Wanted::Stop),
            (Input::Stop, Zombie) => self.sweep(out),

            (Input::Restart, Launching | Booting | Running) => {
                self.stop(out);
                self.wanted = Some(Wanted::Start);
            }
            (Input::Restart, _) => self.step(Input::Start, out),

            (Input::Swept(result), Adopting(row)) => self.adopted(row, result, out),
            (Input::Swept(result), Stopping(Step::Sweep)) => match result {
                Ok(true) => self.kill(out),
                Ok(false) => self.stopped(out),
                Err(text) => self.zombie(&text, out),
            },

            // A container's agent can be quicker than the answer of what started it.
            (Input::Launched(Ok(())), Launching) if self.agent => self.booted(out),
            (Input::Launched(Ok(())), Launching) => self.enter(Booting, out),
            (Input::Launched(Ok(())), Stopping(Step::Launch)) => self.kill(out),
            (Input::Launched(Err(fault)), Launching) => {
                self.fault = Some(fault);
                self.stopped(out);
            }
            (Input::Launched(Err(_)), Stopping(Step::Launch)) => self.stopped(out),

            (Input::AgentUp, Booting) => {
                self.agent = true;
                self.booted(out);
            }
            (Input::AgentUp, Running | Adopting(_) | Launching) => self.agent = true,
            (Input::AgentDown, _) => self.agent = false,
            (Input::AgentUnusable(fault), Launching) => {
                self.fault = Some(fault);
                self.stop(out);
            }
            (Input::AgentUnusable(fault), Booting | Running) => {
                self.fault = Some(fault);
                self.enter(Stopping(Step::Kill), out);
                out.extend([Effect::Arm(Deadline::Stop), Effect::Kill]);
            }

            (Input::AgentRefused, Stopping(Step::Agent)) => self.power_off(out),
            (Input::PowerOffFailed, Stopping(Step::PowerOff)) => self.kill(out),
            (Input::Killed(Ok(())), Stopping(Step::Kill)) => self.stopped(out),
            (Input::Killed(Err(text)), Stopping(Step::Kill)) => self.zombie(&text, out),

            (Input::Ended(end), Booting | Running | Stopping(_)) => self.ended(end, out),

            (Input::Deadline, Launching) => {
                self.fault = Some(Fault {
                    code: ErrorCode::BootFailed,
                    message: "The hypervisor did not answer in time.".into(),
                });
                self.sweep(out);
            }
            (Input::Deadline, Booting) => {
                self.fault = Some(Fault {
                    code: ErrorCode::AgentTimeout,
                    message: "The desktop started, but did not report in time.".into(),
                });
                self.kill(out);
            }
            (Input::Deadline, Stopping(Step::Launch)) => self.sweep(out),
            (Input::Deadline, Stopping(Step::Agent)) => self.power_off(out),
            (Input::Deadline, Stopping(Step::PowerOff)) => self.kill(out),
            (Input::Deadline, Stopping(Step::Kill | Step::Sweep) | Adopting(_)) => {
                self.zombie("the hypervisor did not answer in time", out);
            }
            _ => {}
        }
    }

    fn enter(&mut self, phase: Phase, out: &mut Vec<Effect>) {
        if phase.state() != self.phase.state() {
            out.push(Effect::Save(phase.state()));
        }
        self.phase = phase;
    }

    fn booted(&mut self, out: &mut Vec<Effect>) {
        self.enter(Phase::Running, out);
        out.push(Effect::Disarm);
    }

    fn launch(&mut self, out: &mut Vec<Effect>) {
        self.fault = None;
        self.agent = false;
        self.enter(Phase::Launching, out);
        out.extend([Effect::Arm(Deadline::Boot), Effect::Launch]);
    }

    fn stop(&mut self, out: &mut Vec<Effect>) {
        match self.phase {
            Phase::Launching => {
                self.enter(Phase::Stopping(Step::Launch), out);
                out.push(Effect::Arm(Deadline::Stop));
            }
            Phase::Running if self.agent => {
                self.enter(Phase::Stopping(Step::Agent), out);
                out.extend([Effect::Arm(Deadline::Stop), Effect::AskAgent]);
            }
            Phase::Running => self.power_off(out),
            // Nobody has worked in it yet, and nothing in it listens to the power button.
            _ => self.kill(out),
        }
    }

    fn power_off(&mut self, out: &mut Vec<Effect>) {
        self.enter(Phase::Stopping(Step::PowerOff), out);
        out.extend([Effect::Arm(Deadline::Stop), Effect::PowerOff]);
    }

    fn kill(&mut self, out: &mut Vec<Effect>) {
        self.enter(Phase::Stopping(Step::Kill), out);
        out.extend([Effect::Arm(Deadline::Stop), Effect::Kill]);
    }

    fn sweep(&mut self, out: &mut Vec<Effect>) {
        self.enter(Phase::Stopping(Step::Sweep), out);
        out.extend([Effect::Forget, Effect::Arm(Deadline::Stop), Effect::Sweep]);
    }

    fn zombie(&mut self, text: &str, out: &mut Vec<Effect>) {
        self.fault = Some(Fault {
            code: ErrorCode::Busy,
            message: format!("The desktop ended, but could not be cleaned up: {text}"),
        });
        self.wanted = None;
        self.agent = false;
        self.enter(Phase::Zombie, out);
        out.extend([Effect::Forget, Effect::Disarm]);
    }

    fn stopped(&mut self, out: &mut Vec<Effect>) {
        self.agent = false;
        self.enter(Phase::Stopped, out);
        out.extend([Effect::Forget, Effect::Disarm]);
        if self.wanted.take() == Some(Wanted::Start) {
            self.launch(out);
        }
    }

    fn ended(&mut self, end: End, out: &mut Vec<Effect>) {
        let booting = self.phase == Phase::Booting;
        let asked = matches!(self.phase, Phase::Stopping(_));
        let fault = match end {
            End::Zombie(text) => return self.zombie(&text, out),
            _ if asked => None,
            End::PoweredOff if booting => {
                Some((ErrorCode::BootFailed, "The desktop powered itself off while it started.".into()))
            }
            End::PoweredOff => None,
            End::Failed(text) if booting => {
                Some((ErrorCode::BootFailed, format!("The desktop ended while it started: {text}")))
            }
            End::Failed(text) => {
                Some((ErrorCode::DesktopStopped, format!("The desktop's machine ended with a fault: {text}")))
            }
            End::OutOfMemory => Some((
                ErrorCode::OutOfMemory,
                "The desktop was ended because it used all the memory it may have.".into(),
            )),
        };
        if let Some((code, message)) = fault {
            self.fault = Some(Fault { code, message });
        }
        self.stopped(out);
    }

    fn adopted(&mut self, row: VmState, result: Result<bool, String>, out: &mut Vec<Effect>) {
        match (result, row) {
            (Err(text), _) => self.zombie(&text, out),
            (Ok(false), _) => {
                if self.wanted == Some(Wanted::Stop) {
                    self.wanted = None;
                }
                self.stopped(out);
            }
            (Ok(true), VmState::Zombie) => self.kill(out),
            (Ok(true), VmState::Stopping) => self.power_off(out),
            (Ok(true), _) => {
                let wanted = self.wanted.take();
                if row == VmState::Starting && !self.agent {
                    self.enter(Phase::Booting, out);
                    out.push(Effect::Arm(Deadline::Boot));
                } else {
                    self.enter(Phase::Running, out);
                    out.push(Effect::Disarm);
                }
                if wanted == Some(Wanted::Stop) {
                    self.stop(out);
                }
            }
        }
    }
}

impl Phase {
    /// The state that the database and the user see.
    pub(crate) fn state(self) -> VmState {
        match self {
            Self::Stopped => VmState::Stopped,
            Self::Adopting(row) => row,
            Self::Launching | Self::Booting => VmState::Starting,
            Self::Running => VmState::Running,
            Self::Stopping(_) => VmState::Stopping,
            Self::Zombie => VmState::Zombie,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A hypervisor, an agent and people, all of whom may do anything that is possible at the time.
    #[derive(Clone, Debug)]
    enum Op {
        Start,
        Stop,
        Restart,
        /// The oldest open question to the hypervisor is answered, well or badly.
        Answer(bool),
        AgentUp,
        AgentDown,
        AgentUnusable,
        AgentRefuses,
        End(u8),
        Deadline,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            3 => Just(Op::Start),
            2 => Just(Op::Stop),
            1 => Just(Op::Restart),
            5 => any::<bool>().prop_map(Op::Answer),
            3 => Just(Op::AgentUp),
            1 => Just(Op::AgentDown),
            1 => Just(Op::AgentUnusable),
            1 => Just(Op::AgentRefuses),
            2 => (0..4_u8).prop_map(Op::End),
            2 => Just(Op::Deadline),
        ]
    }

    /// The world around one life cycle: what really runs, what was asked, what the database says.
    struct World {
        life: Lifecycle,
        row: VmState,
        runs: bool,
        open: Vec<Effect>,
        armed: bool,
    }

    impl World {
        fn new(state: VmState, runs: bool) -> Self {
            let (life, effects) = Lifecycle::restore(state, None);
            let mut world = Self { life, row: state, runs, open: Vec::new(), armed: false };
            world.apply(effects);
            world
        }

        fn apply(&mut self, effects: Vec<Effect>) {
            for effect in effects {
                match effect {
                    Effect::Save(state) => {
                        assert_ne!(state, self.row, "a state was written twice");
                        assert!(legal(self.row, state), "{:?} -> {state:?}", self.row);
                        self.row = state;
                    }
                    Effect::Arm(_) => self.armed = true,
                    Effect::Disarm => self.armed = false,
                    Effect::Forget => self.open.clear(),
                    Effect::Launch => {
                        assert!(!self.runs, "a second machine was started");
                        assert_eq!(self.row, VmState::Starting, "started before it was written");
                        self.open.push(effect);
                    }
                    Effect::Kill | Effect::Sweep => self.open.push(effect),
                    Effect::AskAgent | Effect::PowerOff => {}
                }
            }
            self.check();
        }

        fn input(&mut self, input: Input) {
            let effects = self.life.handle(input);
            self.apply(effects);
        }

        fn check(&self) {
            let phase = self.life.phase();
            assert_eq!(phase.state(), self.row, "row and phase differ");
            if phase == Phase::Stopped {
                assert!(!self.runs, "stopped, but it runs");
            }
            let waits = !matches!(phase, Phase::Stopped | Phase::Running | Phase::Zombie);
            assert_eq!(waits, self.armed, "{phase:?} and its deadline");
        }

        fn op(&mut self, op: &Op) {
            let phase = self.life.phase();
            match op {
                Op::Start => self.input(Input::Start),
                Op::Stop => self.input(Input::Stop),
                Op::Restart => self.input(Input::Restart),
                Op::Answer(well) => {
                    if self.open.is_empty() {
                        return;
                    }
                    let fault = Fault { code: ErrorCode::BootFailed, message: "no".into() };
                    match self.open.remove(0) {
                        Effect::Launch if *well => {
                            self.runs = true;
                            self.input(Input::Launched(Ok(())));
                        }
                        Effect::Launch => self.input(Input::Launched(Err(fault))),
                        Effect::Kill if *well => {
                            self.runs = false;
                            self.input(Input::Killed(Ok(())));
                        }
                        Effect::Kill => self.input(Input::Killed(Err("stuck".into()))),
                        Effect::Sweep if *well => {
                            let runs = self.runs;
                            self.input(Input::Swept(Ok(runs)));
                        }
                        Effect::Sweep => self.input(Input::Swept(Err("cannot tell".into()))),
                        _ => unreachable!("not a question"),
                    }
                }
                Op::AgentUp if self.runs => self.input(Input::AgentUp),
                Op::AgentDown if self.runs => self.input(Input::AgentDown),
                Op::AgentUnusable if self.runs => self.input(Input::AgentUnusable(Fault {
                    code: ErrorCode::BootFailed,
                    message: "old".into(),
                })),
                Op::AgentRefuses => self.input(Input::AgentRefused),
                Op::End(how) if self.runs && !matches!(phase, Phase::Adopting(_) | Phase::Zombie) => {
                    // While the last answer of the hypervisor is open nobody watches for the end.
                    if self.open.contains(&Effect::Sweep) {
                        return;
                    }
                    self.runs = *how == 3;
                    self.input(Input::Ended(match how {
                        0 => End::PoweredOff,
                        1 => End::Failed("panic".into()),
                        2 => End::OutOfMemory,
                        _ => End::Zombie("mount is busy".into()),
                    }));
                }
                Op::Deadline if self.armed => self.input(Input::Deadline),
                _ => {}
            }
        }
    }

    fn legal(from: VmState, to: VmState) -> bool {
        use VmState::{Running, Starting, Stopped, Stopping, Zombie};
        let next = match from {
            Stopped => to == Starting,
            Starting => matches!(to, Running | Stopping | Stopped),
            Running => matches!(to, Stopping | Stopped),
            Stopping => to == Stopped,
            Zombie => matches!(to, Stopping | Stopped),
        };
        next || to == Zombie
    }

    proptest! {
        #[test]
        fn any_history_keeps_row_machine_and_deadline_together(
            ops in proptest::collection::vec(op(), 0..60),
        ) {
            let mut world = World::new(VmState::Stopped, false);
            for op in &ops {
                world.op(op);
            }
        }

        #[test]
        fn any_history_after_a_restart_of_the_daemon_does_too(
            state in 0..5_usize, runs: bool, ops in proptest::collection::vec(op(), 0..60),
        ) {
            let state = VmState::ALL[state];
            let mut world = World::new(state, runs && state != VmState::Stopped);
            for op in &ops {
                world.op(op);
            }
        }

        #[test]
        fn from_anywhere_stop_and_good_answers_lead_to_stopped(
            ops in proptest::collection::vec(op(), 0..60),
        ) {
            let mut world = World::new(VmState::Stopped, false);
            for op in &ops {
                world.op(op);
            }
            for _ in 0..4 {
                world.op(&Op::Stop);
                for _ in 0..6 {
                    let asked = !world.open.is_empty();
                    world.op(if asked { &Op::Answer(true) } else { &Op::Deadline });
                }
            }
            prop_assert_eq!(world.row, VmState::Stopped);
        }
    }

    fn running() -> Lifecycle {
        let (mut life, _) = Lifecycle::restore(VmState::Stopped, None);
        life.handle(Input::Start);
        life.handle(Input::Launched(Ok(())));
        life.handle(Input::AgentUp);
        assert_eq!(life.phase(), Phase::Running);
        life
    }

    #[test]
    fn an_agent_that_reports_before_the_launch_is_answered_counts() {
        let (mut life, _) = Lifecycle::restore(VmState::Stopped, None);
        life.handle(Input::Start);
        life.handle(Input::AgentUp);
        assert_eq!(life.phase(), Phase::Launching);
        let effects = life.handle(Input::Launched(Ok(())));
        assert_eq!(effects, [Effect::Save(VmState::Running), Effect::Disarm]);
        assert_eq!(life.phase(), Phase::Running);
    }

    #[test]
    fn an_agent_that_is_unusable_before_the_launch_is_answered_ends_the_start() {
        let (mut life, _) = Lifecycle::restore(VmState::Stopped, None);
        life.handle(Input::Start);
        let fault = Fault { code: ErrorCode::BootFailed, message: "another version".into() };
        life.handle(Input::AgentUnusable(fault.clone()));
        assert!(life.handle(Input::Launched(Ok(()))).contains(&Effect::Kill));
        life.handle(Input::Killed(Ok(())));
        assert_eq!((life.phase(), life.fault()), (Phase::Stopped, Some(&fault)));
    }

    #[test]
    fn a_machine_is_asked_then_powered_off_then_killed() {
        let mut life = running();
        let arm = Effect::Arm(Deadline::Stop);
        assert_eq!(life.handle(Input::Stop), [Effect::Save(VmState::Stopping), arm, Effect::AskAgent]);
        assert_eq!(life.handle(Input::Deadline), [arm, Effect::PowerOff]);
        assert_eq!(life.handle(Input::Deadline), [arm, Effect::Kill]);
        assert_eq!(
            life.handle(Input::Killed(Ok(()))),
            [Effect::Save(VmState::Stopped), Effect::Forget, Effect::Disarm]
        );
    }

    #[test]
    fn a_restart_stops_and_starts() {
        let mut life = running();
        life.handle(Input::Restart);
        let effects = life.handle(Input::Ended(End::PoweredOff));
        assert!(effects.contains(&Effect::Launch), "{effects:?}");
        assert_eq!(life.fault(), None);
    }

    #[test]
    fn a_boot_that_takes_too_long_is_killed_and_says_so() {
        let (mut life, _) = Lifecycle::restore(VmState::Stopped, None);
        life.handle(Input::Start);
        life.handle(Input::Launched(Ok(())));
        assert!(life.handle(Input::Deadline).contains(&Effect::Kill));
        life.handle(Input::Ended(End::PoweredOff));
        assert_eq!(life.phase(), Phase::Stopped);
        assert_eq!(life.fault().map(|fault| fault.code), Some(ErrorCode::AgentTimeout));
    }

    #[test]
    fn a_user_who_powers_off_from_inside_leaves_no_fault() {
        let mut life = running();
        life.handle(Input::Ended(End::PoweredOff));
        assert_eq!((life.phase(), life.fault()), (Phase::Stopped, None));
    }
}

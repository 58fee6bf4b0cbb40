//! Whether this host's processor really runs guest code.
//!
//! `/dev/kvm` may open, and make machines and processors, where it is no use: below another hypervisor the kernel may
//! have to interpret a guest's instructions, a hundred times slower than QEMU's own translation, and not all of them.
//! So a guest of one page is run: a loop that a processor does in well under a tenth of a millisecond.
#![allow(unsafe_code, reason = "KVM is spoken to by ioctl and shared memory (kernel, virt/kvm/api.rst)")]

use std::ffi::c_void;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::ioctl::{self, Getter, IntegerSetter, Ioctl, IoctlOutput, Opcode, Setter, opcode};
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

/// Longest time the loop may take, the best of three runs; about 20 ms were measured where code is interpreted.
const LIMIT: Duration = Duration::from_millis(5);
/// How long the whole probe may take.
const PATIENCE: Duration = Duration::from_millis(900);
/// Where the guest's memory begins.
const BASE: u64 = 0x1000;
/// Its size.
const SIZE: usize = 0x1000;
/// Real mode: `mov ecx, 20000; 1: dec ecx; jnz 1b; hlt`.
const CODE: [u8; 11] = [0x66, 0xb9, 0x20, 0x4e, 0x00, 0x00, 0x66, 0x49, 0x75, 0xfc, 0xf4];
/// `KVM_EXIT_HLT`.
const EXIT_HALT: u32 = 5;

/// `struct kvm_userspace_memory_region`.
#[repr(C)]
struct MemoryRegion {
    slot: u32,
    flags: u32,
    guest_phys_addr: u64,
    memory_size: u64,
    userspace_addr: u64,
}

/// `struct kvm_regs`: 16 general registers, rip, rflags.
type Registers = [u64; 18];
/// `struct kvm_sregs`: eight segments of 24 bytes (base 64 bits, limit 32, selector 16, …), two tables of 16, and
/// 128 bytes of control registers. The first segment is cs.
type SpecialRegisters = [u64; 39];

const CREATE_VM: Opcode = opcode::none(0xae, 0x01);
const GET_VCPU_MMAP_SIZE: Opcode = opcode::none(0xae, 0x04);
const CREATE_VCPU: Opcode = opcode::none(0xae, 0x41);
const SET_USER_MEMORY_REGION: Opcode = opcode::write::<MemoryRegion>(0xae, 0x46);
const SET_TSS_ADDR: Opcode = opcode::none(0xae, 0x47);
const RUN: Opcode = opcode::none(0xae, 0x80);
const SET_REGS: Opcode = opcode::write::<Registers>(0xae, 0x82);
const GET_SREGS: Opcode = opcode::read::<SpecialRegisters>(0xae, 0x83);
const SET_SREGS: Opcode = opcode::write::<SpecialRegisters>(0xae, 0x84);

/// Runs the probe; `Err` says why guests do not run on the processor. Takes less than a second.
pub(super) fn probe() -> Result<(), String> {
    let (answer, verdict) = mpsc::channel();
    // A thread, so that a kernel that never comes back from the guest costs the thread and not the daemon.
    std::thread::spawn(move || answer.send(best_of_three()));
    match verdict.recv_timeout(PATIENCE) {
        Ok(Ok(time)) => judge(time),
        Ok(Err(error)) => Err(format!("/dev/kvm cannot be used: {error}")),
        Err(_) => Err(format!("a short loop of guest code did not end within {PATIENCE:?}")),
    }
}

fn judge(time: Duration) -> Result<(), String> {
    if time < LIMIT {
        return Ok(());
    }
    Err(format!(
        "the kernel interprets guest code: a short loop took {time:.1?}, expected less than {LIMIT:?}"
    ))
}

fn best_of_three() -> io::Result<Duration> {
    let mut best = run()?;
    for _ in 0..2 {
        best = best.min(run()?);
    }
    Ok(best)
}

/// Runs one guest; how long its loop took.
fn run() -> io::Result<Duration> {
    let kvm = OpenOptions::new().read(true).write(true).open("/dev/kvm")?;
    // Declared before the machine and so dropped after it: the machine must not outlive its memory.
    let memory = Mapping::anonymous(SIZE)?;
    memory.write(&CODE);
    let machine = made(&kvm, Request::<CREATE_VM>(0))?;
    let region = MemoryRegion {
        slot: 0,
        flags: 0,
        guest_phys_addr: BASE,
        memory_size: SIZE as u64,
        userspace_addr: memory.address.as_ptr() as u64,
    };
    // SAFETY: the request reads a `kvm_userspace_memory_region`, and the memory it names is mapped for long enough.
    unsafe { ioctl::ioctl(&machine, Setter::<SET_USER_MEMORY_REGION, _>::new(region)) }?;
    // SAFETY: the request takes a guest address as its argument.
    unsafe { ioctl::ioctl(&machine, IntegerSetter::<SET_TSS_ADDR>::new_usize(0xfffb_d000)) }?;
    let processor = made(&machine, Request::<CREATE_VCPU>(0))?;
    // SAFETY: the request takes no argument.
    let size = unsafe { ioctl::ioctl(&kvm, Request::<GET_VCPU_MMAP_SIZE>(0)) }?;
    let shared = Mapping::of(&processor, size as usize)?;

    // SAFETY: the request fills a `kvm_sregs`, which has the size of this array and no invalid values.
    let mut special = unsafe { ioctl::ioctl(&processor, Getter::<GET_SREGS, SpecialRegisters>::new()) }?;
    special[0] = 0;
    // The selector of cs, above its limit.
    special[1] &= !(0xffff << 32);
    // SAFETY: the request reads a `kvm_sregs`.
    unsafe { ioctl::ioctl(&processor, Setter::<SET_SREGS, _>::new(special)) }?;
    let mut registers: Registers = [0; 18];
    registers[16] = BASE;
    // The one flag that is always set.
    registers[17] = 2;
    // SAFETY: the request reads a `kvm_regs`.
    unsafe { ioctl::ioctl(&processor, Setter::<SET_REGS, _>::new(registers)) }?;

    let start = Instant::now();
    // SAFETY: the request takes no argument; the guest can reach its own page only.
    unsafe { ioctl::ioctl(&processor, Request::<RUN>(0)) }?;
    let time = start.elapsed();
    match shared.exit_reason() {
        EXIT_HALT => Ok(time),
        other => {
            Err(io::Error::other(format!("the guest left with reason {other}, expected {EXIT_HALT} (halt)")))
        }
    }
}

/// An ioctl whose result is a number.
struct Request<const OPCODE: Opcode>(usize);

// SAFETY: the argument is a number, not an address, and the output is the number that the call returns.
unsafe impl<const OPCODE: Opcode> Ioctl for Request<OPCODE> {
    type Output = i32;
    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        OPCODE
    }

    fn as_ptr(&mut self) -> *mut c_void {
        ptr::without_provenance_mut(self.0)
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _: *mut c_void) -> rustix::io::Result<i32> {
        Ok(out)
    }
}

/// Makes something whose descriptor the request returns.
fn made<const OPCODE: Opcode>(parent: &impl AsFd, request: Request<OPCODE>) -> io::Result<OwnedFd> {
    // SAFETY: the requests this is used with take a number.
    let fd = unsafe { ioctl::ioctl(parent, request) }?;
    // SAFETY: the requests this is used with return a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Memory shared with the kernel, unmapped when dropped.
struct Mapping {
    address: NonNull<c_void>,
    size: usize,
}

impl Mapping {
    /// A zeroed page or more.
    fn anonymous(size: usize) -> io::Result<Self> {
        // SAFETY: the kernel chooses an address where nothing is mapped.
        let address = unsafe {
            mmap_anonymous(ptr::null_mut(), size, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED)
        }?;
        Self::new(address, size)
    }

    /// The `kvm_run` structure of a processor.
    fn of(processor: &OwnedFd, size: usize) -> io::Result<Self> {
        // SAFETY: the kernel chooses an address where nothing is mapped.
        let address = unsafe {
            mmap(ptr::null_mut(), size, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, processor, 0)
        }?;
        Self::new(address, size)
    }

    fn new(address: *mut c_void, size: usize) -> io::Result<Self> {
        let address = NonNull::new(address).ok_or_else(|| io::Error::other("mapped at address zero"))?;
        Ok(Self { address, size })
    }

    /// Puts bytes at its start.
    fn write(&self, bytes: &[u8]) {
        assert!(bytes.len() <= self.size, "the code fits into a page");
        // SAFETY: the mapping is writable and large enough, and no guest runs in it yet.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.address.as_ptr().cast(), bytes.len()) };
    }

    /// `kvm_run.exit_reason`: behind two flags and six bytes of padding.
    fn exit_reason(&self) -> u32 {
        assert!(self.size >= 12, "the kernel maps a whole kvm_run");
        // SAFETY: within the mapping and aligned to four bytes; the kernel may write to it, hence volatile.
        unsafe { self.address.as_ptr().cast::<u32>().add(2).read_volatile() }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by us with this size, and nothing refers to it any more.
        let _ = unsafe { munmap(self.address.as_ptr(), self.size) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_takes_milliseconds_was_interpreted() {
        assert_eq!(judge(Duration::from_micros(80)), Ok(()));
        assert!(judge(Duration::from_millis(17)).unwrap_err().contains("17.0ms"));
    }

    #[test]
    fn the_probe_comes_to_a_verdict_on_this_host() {
        let start = Instant::now();
        if let Err(why) = probe() {
            assert!(!why.is_empty());
        }
        assert!(start.elapsed() < 2 * PATIENCE);
    }
}

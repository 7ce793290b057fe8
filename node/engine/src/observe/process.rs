//! What the system says about this process and its machine.

use std::fs;

use rustix::system::{sysinfo, uname};

/// System, release and machine, as `uname -srm` prints them.
pub fn system_name() -> String {
    let name = uname();
    let words = [name.sysname(), name.release(), name.machine()];
    words.map(|word| word.to_string_lossy().into_owned()).join(" ")
}

/// Bytes of memory that the machine has.
pub fn system_memory_bytes() -> u64 {
    let info = sysinfo();
    info.totalram as u64 * u64::from(info.mem_unit)
}

/// Bytes of memory that are resident for this process, Python's included; 0 when the system does not tell.
pub fn resident_bytes() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.as_deref().and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or_default() * rustix::param::page_size() as u64
}

/// Whose processor time.
#[derive(Clone, Copy, Debug)]
pub enum CpuOf {
    Process,
    /// Children that have ended.
    Children,
    /// The thread that asks, which is the one that serves.
    Thread,
}

/// Processor time in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuTimes {
    pub system_s: f64,
    pub user_s: f64,
}

impl CpuTimes {
    /// Time used so far.
    pub fn read(of: CpuOf) -> Self {
        let who = match of {
            CpuOf::Process => libc::RUSAGE_SELF,
            CpuOf::Children => libc::RUSAGE_CHILDREN,
            CpuOf::Thread => libc::RUSAGE_THREAD,
        };
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: all zeros are a valid `rusage`, and the call writes to nothing else.
        let usage = unsafe {
            libc::getrusage(who, usage.as_mut_ptr());
            usage.assume_init()
        };
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Self { system_s: seconds(usage.ru_stime), user_s: seconds(usage.ru_utime) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_process_has_memory_and_has_used_time() {
        assert!(resident_bytes() > 1 << 20);
        assert!(system_memory_bytes() > resident_bytes());
        let (all, thread) = (CpuTimes::read(CpuOf::Process), CpuTimes::read(CpuOf::Thread));
        assert!(thread.user_s <= all.user_s + 0.01);
        assert!(system_name().starts_with("Linux "));
    }
}

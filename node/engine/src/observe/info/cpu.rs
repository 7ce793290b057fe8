//! INFO cpu.

use super::Subject;
use super::fields::Fields;
use crate::observe::process::{CpuOf, CpuTimes};

pub(super) fn write(_subject: &Subject<'_>, fields: &mut Fields) {
    for (of, suffix) in
        [(CpuOf::Process, ""), (CpuOf::Children, "_children"), (CpuOf::Thread, "_main_thread")]
    {
        let times = CpuTimes::read(of);
        fields.add(format!("used_cpu_sys{suffix}"), format_args!("{:.6}", times.system_s));
        fields.add(format!("used_cpu_user{suffix}"), format_args!("{:.6}", times.user_s));
    }
}

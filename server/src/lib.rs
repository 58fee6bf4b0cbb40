//! The server: level-7 router (`l7r`), house-keeping (`hkd`), database (`store`) in one daemon.

pub mod hypervisor;

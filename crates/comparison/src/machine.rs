//! What the kernel says: of a process, of a port's sockets, of the machine.

pub mod host;
pub mod process;
pub mod sockets;

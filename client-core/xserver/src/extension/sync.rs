use crate::client::ClientId;
use crate::error::XError;
use crate::resource::Xid;
use crate::server::Server;
#[derive(Debug)]
pub(crate) struct Counter {}
#[derive(Debug)]
pub(crate) struct Alarm {}
#[derive(Debug)]
pub(crate) struct Fence {}
pub(crate) fn bad_counter(id: Xid) -> XError {
    XError { code: super::number::SYNC_ERROR, value: id }
}
pub(crate) fn bad_alarm(id: Xid) -> XError {
    XError { code: super::number::SYNC_ERROR + 1, value: id }
}
pub(crate) fn bad_fence(id: Xid) -> XError {
    XError { code: super::number::SYNC_ERROR + 2, value: id }
}
pub(crate) fn destroy_counter(server: &mut Server, id: Xid) {
    server.remove_resource(id);
}
pub(crate) fn destroy_fence(server: &mut Server, id: Xid) {
    server.remove_resource(id);
}
pub(crate) fn client_gone(_server: &mut Server, _client: ClientId) {}
pub(crate) fn user_active(_server: &mut Server) {}
impl Server {
    pub(crate) fn run_alarms(&mut self) {}
    /// In how many milliseconds [`Self::set_time`] has something to do, if ever.
    pub fn next_timer(&self) -> Option<u32> {
        None
    }
}

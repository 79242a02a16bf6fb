//! One controller for NimBLE and for what its bridge does not carry.

use bt_hci::ControllerToHostPacket;
use bt_hci::cmd::{self, AsyncCmd, SyncCmd};
use bt_hci::controller::{Controller, ControllerCmdAsync, ControllerCmdSync};
use bt_hci::data::{AclPacket, IsoPacket, SyncPacket};
use embedded_io::ErrorType;

/// A controller that another task shares.
pub(crate) struct Shared<'a, C>(pub(crate) &'a C);

impl<C: Controller> ErrorType for Shared<'_, C> {
    type Error = C::Error;
}

impl<C: Controller> Controller for Shared<'_, C> {
    type Buffer<'b> = C::Buffer<'b>;

    fn alloc_buf(&self) -> Result<Self::Buffer<'_>, Self::Error> {
        self.0.alloc_buf()
    }

    async fn write_acl_data(&self, packet: &AclPacket<'_>) -> Result<(), Self::Error> {
        self.0.write_acl_data(packet).await
    }

    async fn write_sync_data(&self, packet: &SyncPacket<'_>) -> Result<(), Self::Error> {
        self.0.write_sync_data(packet).await
    }

    async fn write_iso_data(&self, packet: &IsoPacket<'_>) -> Result<(), Self::Error> {
        self.0.write_iso_data(packet).await
    }

    async fn read<'b>(
        &self,
        buffer: &'b mut Self::Buffer<'_>,
    ) -> Result<ControllerToHostPacket<'b>, Self::Error> {
        self.0.read(buffer).await
    }
}

impl<C: ControllerCmdSync<T>, T: SyncCmd> ControllerCmdSync<T> for Shared<'_, C> {
    async fn exec(&self, command: &T) -> Result<T::Return, cmd::Error<Self::Error>> {
        self.0.exec(command).await
    }
}

impl<C: ControllerCmdAsync<T>, T: AsyncCmd> ControllerCmdAsync<T> for Shared<'_, C> {
    async fn exec(&self, command: &T) -> Result<(), cmd::Error<Self::Error>> {
        self.0.exec(command).await
    }
}

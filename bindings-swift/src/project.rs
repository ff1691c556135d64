//! Projects as UniFFI objects.

use std::sync::Arc;

use automoderate::facade::FacadeProject;

use crate::{Cancellation, NativeError, NativeStream, PackedValues, client::call_packed};

/// [`FacadeProject`] as a UniFFI object.
#[derive(Debug, uniffi::Object)]
pub struct NativeProject(pub(crate) FacadeProject);

#[uniffi::export]
impl NativeProject {
    /// Returns the id of the project.
    ///
    /// # Errors
    /// None.
    pub fn id(&self) -> Result<String, NativeError> {
        Ok(self.0.id().to_owned())
    }

    /// Returns the cursor up to which all streams of the project have been read.
    ///
    /// # Errors
    /// None.
    pub fn cursor(&self) -> Result<Option<String>, NativeError> {
        Ok(self.0.cursor())
    }

    /// Returns a stream of the project's events or, if `kind` is given, of the project's events of that kind.
    ///
    /// # Errors
    /// Same as [`FacadeProject::events`].
    pub fn events(&self, kind: Option<String>) -> Result<Arc<NativeStream>, NativeError> {
        Ok(NativeStream::new(self.0.events(kind.as_deref())?))
    }

    /// Fetches the state of the project at one position in its event log. Returns a packed `Snapshot`.
    ///
    /// # Errors
    /// Same as [`FacadeProject::snapshot`].
    pub async fn snapshot(&self, cancellation: Arc<Cancellation>) -> Result<Arc<PackedValues>, NativeError> {
        call_packed(&cancellation, self.0.snapshot()).await
    }

    /// Leaves the project.
    ///
    /// # Errors
    /// Same as [`FacadeProject::leave`].
    pub async fn leave(&self, cancellation: Arc<Cancellation>) -> Result<(), NativeError> {
        cancellation.run(self.0.leave()).await
    }
}

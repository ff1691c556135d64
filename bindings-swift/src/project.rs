//! A joined project.

use std::sync::Arc;

use automoderate::facade::FacadeProject;

use crate::{Cancellation, NativeError, NativeStream};

/// A joined project.
#[derive(Debug, uniffi::Object)]
pub struct NativeProject(pub(crate) FacadeProject);

#[uniffi::export]
impl NativeProject {
    /// The project's id.
    ///
    /// # Errors
    /// None.
    pub fn id(&self) -> Result<String, NativeError> {
        Ok(self.0.id().to_owned())
    }

    /// The cursor, as text.
    ///
    /// # Errors
    /// None.
    pub fn cursor(&self) -> Result<Option<String>, NativeError> {
        Ok(self.0.cursor())
    }

    /// The project's events, or one kind of them if it is named.
    ///
    /// # Errors
    /// As [`FacadeProject::events`].
    pub fn events(&self, kind: Option<String>) -> Result<Arc<NativeStream>, NativeError> {
        Ok(NativeStream::new(self.0.events(kind.as_deref())?))
    }

    /// Leaves the project.
    ///
    /// # Errors
    /// As [`FacadeProject::leave`].
    pub async fn leave(&self, cancellation: Arc<Cancellation>) -> Result<(), NativeError> {
        cancellation.or(self.0.leave()).await
    }
}

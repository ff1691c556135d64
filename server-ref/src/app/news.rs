//! What was changed, here or by another process on the same database: what is kept in memory is forgotten, and sockets whose
//! access has ended are told.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::App;
use crate::Error;
use crate::realtime::{Whose, check_all, check_user, close_room, disconnect, disconnect_others, expel};
use crate::store::{Listener, News};

/// How often we say something, to hear that we hear.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// After which we no longer believe it.
const SILENCE: Duration = Duration::from_secs(30);
/// Before another try to listen.
const PAUSE: Duration = Duration::from_secs(1);

impl App {
    /// To be called after every committed change that is news.
    pub(crate) fn apply(&self, news: &News) {
        match news {
            News::StillHere { node } => self.peers.heard(node, &self.metrics),
            News::Leaving { node } => self.peers.left(node, &self.metrics),
            News::Missed => {}
            News::RulesChanged(project_id) => self.rules.forget(project_id),
            News::KeyRevoked(id) => {
                self.auth.forget_keys();
                self.end(Whose::Key(id), "The API key was revoked");
            }
            News::KeySwitched(_) => self.auth.forget_keys(),
            News::MemberRemoved { project_id, user_id } => {
                if let Some(io) = self.io.get() {
                    expel(io, user_id, project_id);
                }
            }
            News::PasswordChanged { user_id, session } => {
                if let Some(io) = self.io.get() {
                    disconnect_others(io, user_id, session.as_deref());
                }
            }
            News::UserDeactivated(id) => self.end(Whose::User(id), "The user was deactivated"),
            News::SessionEnded(name) => self.end(Whose::Session(name), "The session has ended"),
            News::ProjectDeleted(id) => {
                self.auth.forget_keys();
                self.rules.forget(id);
                if let Some(io) = self.io.get() {
                    close_room(io, id);
                }
                self.end(Whose::KeyOf(id), "The project was deleted");
            }
        }
    }

    /// News of any process, perhaps old: access that may have been granted again since is read, not believed.
    async fn hear(&self, news: &News) -> Result<(), Error> {
        match news {
            News::Missed => self.catch_up().await,
            News::UserDeactivated(user_id)
            | News::PasswordChanged { user_id, .. }
            | News::MemberRemoved { user_id, .. } => match self.io.get() {
                Some(io) => check_user(io, user_id).await,
                None => Ok(()),
            },
            News::KeySwitched(id) => {
                self.apply(news);
                self.end_if_off(id).await
            }
            news => {
                self.apply(news);
                Ok(())
            }
        }
    }

    /// After news that nobody heard: anything may have changed.
    async fn catch_up(&self) -> Result<(), Error> {
        self.auth.forget_keys();
        self.rules.forget_all();
        match self.io.get() {
            Some(io) => check_all(io).await,
            None => Ok(()),
        }
    }

    /// Ends the sockets of a key that is switched off. It may have been switched on again since that was said.
    pub(super) async fn end_if_off(&self, key_id: &str) -> Result<(), Error> {
        if self.store.key_by_id(key_id).await?.is_none_or(|key| !key.is_active) {
            self.end(Whose::Key(key_id), "The API key was switched off");
        }
        Ok(())
    }

    fn end(&self, whose: Whose<'_>, message: &str) {
        if let Some(io) = self.io.get() {
            disconnect(io, whose, message);
        }
    }
}

/// Listens to the other processes until the server drains.
pub(super) async fn run(app: Arc<App>) {
    let draining = app.draining.clone();
    draining.run_until_cancelled(async { tokio::join!(listen(&app), talk(&app)) }).await;
}

async fn listen(app: &App) {
    loop {
        match app.store.listen().await {
            Ok(listener) => {
                let Err(error) = follow(app, listener).await;
                tracing::warn!(%error, "the news of other processes can't be heard");
            }
            Err(error) => tracing::debug!(%error, "the news of other processes can't be heard yet"),
        }
        sleep(PAUSE).await;
    }
}

async fn follow(app: &App, mut listener: Listener) -> Result<Infallible, Error> {
    // Before now we did not hear.
    app.catch_up().await?;
    loop {
        if let Some(news) = timeout(SILENCE, listener.next()).await.map_err(|_| Error::Unavailable)?? {
            app.hear(&news).await?;
        }
    }
}

async fn talk(app: &App) {
    loop {
        if let Err(error) = app.store.tell(&News::StillHere { node: app.node.clone() }).await {
            tracing::debug!(%error, "nothing can be told to other processes");
        }
        sleep(HEARTBEAT).await;
    }
}

//! The command `user`.

use std::fmt::Write as _;
use std::io::Read as _;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{CommandOutput, CommonOptions};
use crate::Error;
use crate::auth::{PasswordThreads, check_password_length, trim_and_check_email};
use crate::ids::random_token;
use crate::store::{Actor, Store, User};

/// Maximum number of bytes read from stdin. Even the longest password is shorter.
const STDIN_BYTES_MAX: u64 = 8 * 1024;

/// Subcommands of `user`.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create a user. Without `--password-stdin`, a random password is generated and printed once.
    Create {
        /// The user.
        #[command(flatten)]
        user: UserOptions,
        /// Make the user an administrator of the server.
        #[arg(long)]
        admin: bool,
        /// Source of the password.
        #[command(flatten)]
        password: PasswordOptions,
    },
    /// List all users, oldest first.
    List {
        /// Common options.
        #[command(flatten)]
        common: CommonOptions,
    },
    /// Set a new password and end all sessions of the user. Without `--password-stdin`, a random password is generated and printed once.
    SetPassword {
        /// The user.
        #[command(flatten)]
        user: UserOptions,
        /// Source of the password.
        #[command(flatten)]
        password: PasswordOptions,
    },
    /// End all sessions of a user and refuse new ones. The user keeps their memberships.
    Deactivate {
        /// The user.
        #[command(flatten)]
        user: UserOptions,
    },
    /// Allow a deactivated user to sign in again.
    Activate {
        /// The user.
        #[command(flatten)]
        user: UserOptions,
    },
    /// Delete a user. The decisions that the user made are kept.
    Delete {
        /// The user.
        #[command(flatten)]
        user: UserOptions,
        /// E-mail address of the user who becomes an owner of the projects that only the deleted user owns. Without this option, the
        /// command fails if there are such projects.
        #[arg(long, value_name = "EMAIL")]
        reassign: Option<String>,
    },
}

/// The user to act on, and the common options.
#[derive(Debug, Args)]
pub struct UserOptions {
    /// E-mail address of the user.
    #[arg(long)]
    email: String,

    #[command(flatten)]
    common: CommonOptions,
}

/// The source of a password.
#[derive(Debug, Args)]
pub struct PasswordOptions {
    /// Read the password (10 to 1000 characters) from the first line of stdin.
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordOptions {
    /// Reads or generates a password and returns it with its hash. The boolean is true if the password must be printed.
    async fn read_or_generate_and_hash(&self) -> Result<(String, String, bool), Error> {
        let password = if self.password_stdin { read_password()? } else { random_token() };
        check_password_length(&password)?;
        let hash = PasswordThreads::default().hash(password.clone()).await?;
        Ok((password, hash, !self.password_stdin))
    }
}

fn read_password() -> Result<String, Error> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(STDIN_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| Error::Refused(format!("the password could not be read from stdin: {error}")))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

impl UserCommand {
    pub(super) async fn run(self) -> Result<CommandOutput, Error> {
        match self {
            Self::Create { user, admin, password } => create(&user, admin, &password).await,
            Self::List { common } => list(&common).await,
            Self::SetPassword { user, password } => set_password(&user, &password).await,
            Self::Deactivate { user } => set_active(&user, false).await,
            Self::Activate { user } => set_active(&user, true).await,
            Self::Delete { user, reassign } => delete(&user, reassign.as_deref()).await,
        }
    }
}

async fn create(named: &UserOptions, admin: bool, password: &PasswordOptions) -> Result<CommandOutput, Error> {
    let email = trim_and_check_email(&named.email)?;
    let (password, hash, is_shown) = password.read_or_generate_and_hash().await?;
    let store = named.common.open_or_create().await?;
    let user = store.create_user(&email, &hash, admin, &Actor::command_line()).await?;
    store.close().await;
    let done = format!("created the user {} ({})", user.email, user.id);
    Ok(output_with_password(named, &user, done, is_shown.then_some(password)))
}

async fn set_password(named: &UserOptions, password: &PasswordOptions) -> Result<CommandOutput, Error> {
    let store = named.common.open().await?;
    let user = find_user(&store, &named.email).await?;
    let (password, hash, is_shown) = password.read_or_generate_and_hash().await?;
    store.set_password(&user.id, &hash, None, &Actor::command_line()).await?;
    store.close().await;
    let done = format!("{} has a new password, and is signed out everywhere", user.email);
    Ok(output_with_password(named, &user, done, is_shown.then_some(password)))
}

fn output_with_password(named: &UserOptions, user: &User, done: String, password: Option<String>) -> CommandOutput {
    match password {
        None => CommandOutput::new(named.common.json, &json!({"user": user}), done),
        Some(password) => {
            let text = format!("{done}\npassword, shown only once: {password}");
            CommandOutput::new(named.common.json, &json!({"user": user, "password": password}), text)
        }
    }
}

async fn list(common: &CommonOptions) -> Result<CommandOutput, Error> {
    let store = common.open().await?;
    let users = store.users().await?;
    store.close().await;
    let mut text = String::new();
    for user in &users {
        let rank = if user.is_admin { "admin" } else { "user" };
        let state = if user.is_active { "active" } else { "deactivated" };
        let _ = writeln!(text, "{}  {rank:5}  {state:11}  {}", user.id, user.email);
    }
    Ok(CommandOutput::new(common.json, &json!({"users": users}), text))
}

async fn set_active(named: &UserOptions, is_active: bool) -> Result<CommandOutput, Error> {
    let store = named.common.open().await?;
    let user = find_user(&store, &named.email).await?;
    store.update_user(&user.id, None, Some(is_active), &Actor::command_line()).await?;
    store.close().await;
    let text = match is_active {
        true => format!("{} can sign in", user.email),
        false => format!("{} is signed out everywhere, and can no longer sign in", user.email),
    };
    Ok(CommandOutput::new(named.common.json, &json!({"user": User { is_active, ..user }}), text))
}

async fn delete(named: &UserOptions, successor: Option<&str>) -> Result<CommandOutput, Error> {
    let store = named.common.open().await?;
    let user = find_user(&store, &named.email).await?;
    let successor = match successor {
        Some(email) => Some(find_user(&store, email).await?),
        None => None,
    };
    if successor.as_ref().is_some_and(|successor| successor.id == user.id) {
        return Err(Error::Refused("--reassign must name another user".into()));
    }
    let successor_id = successor.as_ref().map(|successor| successor.id.as_str());
    let projects = store.delete_user(&user.id, successor_id, &Actor::command_line()).await?;
    store.close().await;
    let mut text = format!("deleted the user {}\n", user.email);
    for project in &projects {
        let owner = successor.as_ref().map_or("nobody", |successor| &successor.email);
        let _ = writeln!(text, "{owner} is now an owner of {:?} ({})", project.name, project.id);
    }
    Ok(CommandOutput::new(named.common.json, &json!({"user": user, "reassigned": projects}), text))
}

/// Returns the user with this e-mail address.
pub(super) async fn find_user(store: &Store, email: &str) -> Result<User, Error> {
    let account = store.user_credentials(email.trim()).await?;
    let user = match account {
        Some(account) => store.user(&account.id).await?,
        None => None,
    };
    user.ok_or_else(|| {
        Error::Refused(format!("there is no user {email}; `user list` lists all users, `user create` creates one"))
    })
}

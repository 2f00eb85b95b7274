//! A member of the club.

use super::attendance::Attendance;
use super::failure::Failure;
use super::loader::{RecentAttendance, Rows, StreakToday};
use super::query::page_size;
use super::streak::Streak;
use async_graphql::dataloader::DataLoader;
use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use chrono::NaiveDate;
use sqlx::PgConnection;

/// The columns of a member, in the order of `Row`.
pub const COLUMNS: &str = "members.id, members.name, members.handle, members.joined_on, members.track";
pub type Row = (i64, String, String, NaiveDate, Option<String>);

/// A member of the club.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Member {
    #[graphql(skip)]
    pub key: i64,
    /// The name to show.
    pub name: String,
    /// Unique: lower-case letters, digits and dashes.
    pub handle: String,
    pub joined_on: NaiveDate,
    /// What the member works on, such as `web`.
    pub track: Option<String>,
}

#[ComplexObject]
impl Member {
    async fn id(&self) -> ID {
        ID(self.key.to_string())
    }

    /// The newest marks first.
    #[graphql(complexity = "page_size(last) * child_complexity + 1")]
    async fn attendance(
        &self,
        context: &Context<'_>,
        #[graphql(default = 30)] last: i32,
    ) -> Result<Vec<Attendance>> {
        let key = RecentAttendance {
            member: self.key,
            last: page_size(last) as i64,
        };
        let loader = context.data::<DataLoader<Rows>>()?;
        Ok(loader.load_one(key).await?.unwrap_or_default())
    }

    /// Today's streak (UTC).
    async fn streak(&self, context: &Context<'_>) -> Result<Streak> {
        let loader = context.data::<DataLoader<Rows>>()?;
        let found = loader.load_one(StreakToday(self.key)).await?;
        Ok(found.unwrap_or(Streak::none(self.key)))
    }
}

impl From<Row> for Member {
    fn from((key, name, handle, joined_on, track): Row) -> Self {
        Self {
            key,
            name,
            handle,
            joined_on,
            track,
        }
    }
}

/// The number behind an `ID`.
pub fn key_of(id: &ID) -> Result<i64, Failure> {
    id.parse()
        .map_err(|_| Failure::BadInput("id: not an id of a member; allowed: a whole number".into()))
}

pub async fn list(
    connection: &mut PgConnection,
    track: Option<String>,
    after: i64,
    first: i64,
) -> sqlx::Result<Vec<Row>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM members
         WHERE members.id > $1 AND ($2::text IS NULL OR members.track = $2)
         ORDER BY members.id LIMIT $3"
    );
    sqlx::query_as(&sql)
        .bind(after)
        .bind(track)
        .bind(first)
        .fetch_all(connection)
        .await
}

//! What can be asked; queries need no signature.

use super::attendance::{self, Attendance};
use super::failure::Failure;
use super::loader::{MemberKey, Rows};
use super::member::{self, Member, key_of};
use super::streak::{self, Streak};
use crate::database::Database;
use async_graphql::dataloader::DataLoader;
use async_graphql::{Context, ID, Object, Result};
use chrono::{NaiveDate, Utc};
use std::sync::Arc;

/// Most items of one list.
const LARGEST_PAGE: i32 = 100;

/// What a list of `first` or `last` items may hold: 1 to 100.
pub fn page_size(asked: i32) -> usize {
    asked.clamp(1, LARGEST_PAGE) as usize
}

pub struct Query;

#[Object]
impl Query {
    /// Members by id; `after` is the last id of the page before. `first`: 1 to 100.
    #[graphql(complexity = "page_size(first) * child_complexity + 1")]
    async fn members(
        &self,
        context: &Context<'_>,
        track: Option<String>,
        after: Option<ID>,
        #[graphql(default = 50)] first: i32,
    ) -> Result<Vec<Member>> {
        let (after, first) = (start(after)?, page_size(first) as i64);
        let database = context.data::<Arc<Database>>()?;
        let rows = database
            .run(|connection| Box::pin(member::list(connection, track, after, first)))
            .await
            .map_err(Failure::from)?;
        Ok(rows.into_iter().map(Member::from).collect())
    }

    /// One member, or null.
    async fn member(&self, context: &Context<'_>, id: ID) -> Result<Option<Member>> {
        let loader = context.data::<DataLoader<Rows>>()?;
        Ok(loader.load_one(MemberKey(key_of(&id)?)).await?)
    }

    /// The marks of one day by member's id; `after` is the last of the page before.
    #[graphql(complexity = "page_size(first) * child_complexity + 1")]
    async fn attendance(
        &self,
        context: &Context<'_>,
        date: NaiveDate,
        after: Option<ID>,
        #[graphql(default = 50)] first: i32,
    ) -> Result<Vec<Attendance>> {
        let (after, first) = (start(after)?, page_size(first) as i64);
        let database = context.data::<Arc<Database>>()?;
        let rows = database
            .run(|connection| Box::pin(attendance::on(connection, date, after, first)))
            .await
            .map_err(Failure::from)?;
        Ok(rows.into_iter().map(Attendance::from).collect())
    }

    /// The longest current streaks first, as of `on` (today in UTC when absent).
    #[graphql(complexity = "page_size(first) * child_complexity + 1")]
    async fn streaks(
        &self,
        context: &Context<'_>,
        on: Option<NaiveDate>,
        #[graphql(default = 20)] first: i32,
    ) -> Result<Vec<Streak>> {
        let (day, first) = (
            on.unwrap_or_else(|| Utc::now().date_naive()),
            page_size(first) as i64,
        );
        let database = context.data::<Arc<Database>>()?;
        let rows = database
            .run(|connection| Box::pin(streak::top(connection, day, first)))
            .await
            .map_err(Failure::from)?;
        Ok(rows.into_iter().map(Streak::from).collect())
    }
}

fn start(after: Option<ID>) -> Result<i64, Failure> {
    after.map_or(Ok(0), |id| key_of(&id))
}

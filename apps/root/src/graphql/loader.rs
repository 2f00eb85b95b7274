//! Batches what many fields of one query ask for into one statement a kind.

use super::attendance::{self, Attendance};
use super::failure::Failure;
use super::member::{self, Member};
use super::streak::{self, Streak};
use crate::database::Database;
use async_graphql::async_trait::async_trait;
use async_graphql::dataloader::Loader;
use chrono::Utc;
use std::collections::HashMap;
use std::sync::Arc;

pub struct Rows(pub Arc<Database>);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemberKey(pub i64);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreakToday(pub i64);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecentAttendance {
    pub member: i64,
    pub last: i64,
}

#[async_trait]
impl Loader<MemberKey> for Rows {
    type Value = Member;
    type Error = Failure;

    async fn load(&self, keys: &[MemberKey]) -> Result<HashMap<MemberKey, Member>, Failure> {
        let ids: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let sql = format!("SELECT {} FROM members WHERE id = ANY($1)", member::COLUMNS);
        let rows: Vec<member::Row> = self
            .0
            .run(|connection| {
                Box::pin(async move { sqlx::query_as(&sql).bind(ids).fetch_all(connection).await })
            })
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (MemberKey(row.0), row.into()))
            .collect())
    }
}

#[async_trait]
impl Loader<StreakToday> for Rows {
    type Value = Streak;
    type Error = Failure;

    async fn load(&self, keys: &[StreakToday]) -> Result<HashMap<StreakToday, Streak>, Failure> {
        let ids = keys.iter().map(|key| key.0).collect();
        let today = Utc::now().date_naive();
        let rows = self
            .0
            .run(|connection| Box::pin(streak::of(connection, today, ids)))
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (StreakToday(row.0), row.into()))
            .collect())
    }
}

#[async_trait]
impl Loader<RecentAttendance> for Rows {
    type Value = Vec<Attendance>;
    type Error = Failure;

    async fn load(
        &self,
        keys: &[RecentAttendance],
    ) -> Result<HashMap<RecentAttendance, Vec<Attendance>>, Failure> {
        let (members, limits): (Vec<i64>, Vec<i64>) = keys.iter().map(|key| (key.member, key.last)).unzip();
        let sql = format!(
            "SELECT asked.last, {} FROM unnest($1::bigint[], $2::bigint[]) AS asked (id, last)
             CROSS JOIN LATERAL (
                 SELECT * FROM attendance WHERE attendance.member_id = asked.id
                 ORDER BY date DESC LIMIT asked.last
             ) AS recent
             ORDER BY member_id, date DESC",
            attendance::COLUMNS
        );
        let rows: Vec<(i64, i64, _, bool, _)> = self
            .0
            .run(|connection| {
                Box::pin(async move {
                    sqlx::query_as(&sql)
                        .bind(members)
                        .bind(limits)
                        .fetch_all(connection)
                        .await
                })
            })
            .await?;
        let mut found: HashMap<RecentAttendance, Vec<Attendance>> = HashMap::new();
        for (last, member, date, present, marked_at) in rows {
            let marks = found.entry(RecentAttendance { member, last }).or_default();
            marks.push((member, date, present, marked_at).into());
        }
        Ok(found)
    }
}

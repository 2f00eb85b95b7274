//! Lists, a page at a time.

use super::Failure;
use serde::{Deserialize, Serialize};

const LIMIT_DEFAULT: i64 = 20;
const LIMIT_LARGEST: i64 = 100;

/// `?limit=&after=`: up to `limit` items whose id is larger than `after`.
#[derive(Deserialize)]
pub struct Wanted {
    limit: Option<i64>,
    after: Option<i64>,
}

impl Wanted {
    pub fn after(&self) -> i64 {
        self.after.unwrap_or(0)
    }

    /// 1 to 100, 20 by default.
    pub fn limit(&self) -> Result<i64, Failure> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_LARGEST).contains(&limit) {
            return Err(Failure::Input(format!(
                "limit: {limit}; allowed: 1 to {LIMIT_LARGEST}"
            )));
        }
        Ok(limit)
    }
}

#[derive(Debug, Serialize)]
pub struct Page<T> {
    items: Vec<T>,
    /// The `after` of the next page; null on the last one.
    next: Option<i64>,
}

impl<T> Page<T> {
    /// `found` has one item more than `limit` when there is another page.
    pub fn new(mut found: Vec<T>, limit: i64, id: impl Fn(&T) -> i64) -> Self {
        let more = found.len() as i64 > limit;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(id);
        Self { items: found, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_item_too_many_tells_of_a_next_page() {
        let page = |found: Vec<i64>| Page::new(found, 2, |id| *id);
        assert_eq!(
            (page(vec![1, 2, 3]).items.len(), page(vec![1, 2, 3]).next),
            (2, Some(2))
        );
        assert_eq!((page(vec![1, 2]).items.len(), page(vec![1, 2]).next), (2, None));
        assert_eq!(page(vec![]).next, None);
    }
}

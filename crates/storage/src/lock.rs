//! One sender an upload. A sender whose connection died silently (a cut cable sends no FIN) loses its place to the next.

use crate::ObjectId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The places of all uploads that are being sent now. A std Mutex: held for a map operation only.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    held: Arc<Mutex<HashMap<ObjectId, Arc<Holder>>>>,
}

#[derive(Debug)]
struct Holder {
    since: Instant,
    /// Milliseconds after `since` when it last had a byte.
    busy_at_ms: AtomicU64,
    /// Asked to give up its place.
    cancel: CancellationToken,
    /// Has given it up.
    gone: CancellationToken,
}

impl Holder {
    fn idle(&self) -> Duration {
        self.since.elapsed().saturating_sub(Duration::from_millis(self.busy_at_ms.load(Ordering::Relaxed)))
    }
}

/// The place of one upload, until dropped.
#[derive(Debug)]
pub(crate) struct Place {
    id: ObjectId,
    holder: Arc<Holder>,
    held: Arc<Mutex<HashMap<ObjectId, Arc<Holder>>>>,
}

impl Place {
    /// A byte came.
    pub(crate) fn busy(&self) {
        let ms = u64::try_from(self.holder.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.holder.busy_at_ms.store(ms, Ordering::Relaxed);
    }

    /// Resolves when a newer request wants the place and this one is idle.
    pub(crate) async fn cancelled(&self) {
        self.holder.cancel.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        table(&self.held).remove(&self.id);
        self.holder.gone.cancel();
    }
}

fn table(held: &Mutex<HashMap<ObjectId, Arc<Holder>>>) -> MutexGuard<'_, HashMap<ObjectId, Arc<Holder>>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Locks {
    fn try_take(&self, id: &ObjectId) -> Result<Place, Arc<Holder>> {
        let mut held = table(&self.held);
        if let Some(holder) = held.get(id) {
            return Err(holder.clone());
        }
        let holder = Arc::new(Holder {
            since: Instant::now(),
            busy_at_ms: AtomicU64::new(0),
            cancel: CancellationToken::new(),
            gone: CancellationToken::new(),
        });
        held.insert(id.clone(), holder.clone());
        Ok(Place { id: id.clone(), holder, held: self.held.clone() })
    }

    /// Takes the place of an upload if nobody has it.
    pub(crate) fn take_now(&self, id: &ObjectId) -> Option<Place> {
        self.try_take(id).ok()
    }

    /// Takes the place of an upload.
    ///
    /// A holder that had a byte within `idle` is waited for no longer than `grace`: it may be the same client's broken
    /// connection that is just being wound up. One that had none is asked to go, and waited for no longer than `wait`.
    pub(crate) async fn take(
        &self,
        id: &ObjectId,
        idle: Duration,
        grace: Duration,
        wait: Duration,
    ) -> Option<Place> {
        let now = tokio::time::Instant::now();
        loop {
            let holder = match self.try_take(id) {
                Ok(place) => return Some(place),
                Err(holder) => holder,
            };
            let is_idle = holder.idle() >= idle;
            if is_idle {
                holder.cancel.cancel();
            }
            let deadline = now + if is_idle { wait } else { grace };
            tokio::time::timeout_at(deadline, holder.gone.cancelled()).await.ok()?;
        }
    }

    /// Waits, at most `wait`, until nobody sends an upload, and takes its place.
    pub(crate) async fn wait(&self, id: &ObjectId, wait: Duration) -> Option<Place> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            match self.try_take(id) {
                Ok(place) => return Some(place),
                Err(holder) => tokio::time::timeout_at(deadline, holder.gone.cancelled()).await.ok()?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_sender_keeps_its_place_and_an_idle_one_loses_it() {
        let (locks, id) = (Arc::new(Locks::default()), ObjectId::random().unwrap());
        let long = Duration::from_secs(600);
        let first = locks.take(&id, long, long, long).await.unwrap();
        assert!(locks.take(&id, long, Duration::ZERO, long).await.is_none());
        let (second_locks, second_id) = (locks.clone(), id.clone());
        let second =
            tokio::spawn(
                async move { second_locks.take(&second_id, Duration::ZERO, Duration::ZERO, long).await },
            );
        first.cancelled().await;
        drop(first);
        let second = second.await.unwrap().unwrap();
        assert!(locks.wait(&id, Duration::from_millis(1)).await.is_none());
        drop(second);
        assert!(locks.wait(&id, long).await.is_some());
    }
}

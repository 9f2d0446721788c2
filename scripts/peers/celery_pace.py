"""Empty tasks through Celery on Redis, as safe as it can be made: acknowledged late, given back when a worker is lost,
results kept. `celery_pace.py fill N` puts tasks into the queue; workers are started by `celery -A celery_pace worker`.

PACE_URL names the server.
"""

import os
import sys

from celery import Celery

app = Celery("celery_pace", broker=os.environ["PACE_URL"], backend=os.environ["PACE_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    broker_connection_retry_on_startup=True,
    worker_enable_remote_control=False,
)


@app.task(name="empty")
def empty():
    return None


if __name__ == "__main__":
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(int(sys.argv[2])):
            empty.apply_async(producer=producer)

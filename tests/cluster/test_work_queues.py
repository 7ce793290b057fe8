"""Work queues of applications, with redis-py across a cluster: over blocking lists and over a stream."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

from support.threads import side_by_side
from support.waiting import in_time, wait_until

# How long a worker blocks before it looks whether the work is over; shorter than redis-py waits for a reply.
BLOCK_MS = 200
BLOCK_S = BLOCK_MS / 1_000

# The commands and connections of redis-py have no types.
Client: TypeAlias = Any
Connection: TypeAlias = Any
Connect: TypeAlias = Callable[[int], Client]


# --- a work queue over lists

STOP = "stop"


def work_on_list(client: Client, worker: str) -> list[str]:
    """Do jobs until told to stop. A job is in the list of what its worker has in hand until it is done."""
    in_hand = f"{{jobs}}:in-hand:{worker}"
    taken: list[str] = []
    for _ in in_time("a queue of jobs"):
        job = client.blmove("{jobs}:waiting", in_hand, BLOCK_S, "LEFT", "RIGHT")
        if job is None:
            continue
        with client.pipeline(transaction=True) as done:
            done.lrem(in_hand, 1, job)
            done.rpush("{jobs}:done", job)
            assert done.execute()[0] == 1
        if job == STOP:
            break
        taken.append(job)
    return taken


def test_a_queue_over_blocking_lists_does_every_job_once(connect: Connect) -> None:
    producers = [connect(place) for place in range(3)]
    workers = [connect(place) for place in range(3, 6)]
    jobs = [[f"{place}-{number:03}" for number in range(60)] for place in range(3)]

    def produce(place: int) -> list[str]:
        for job in jobs[place]:
            producers[place].rpush("{jobs}:waiting", job)
        return []

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(
            side_by_side,
            *(lambda n=n, client=client: work_on_list(client, str(n)) for n, client in enumerate(workers)),
        )
        side_by_side(*(lambda place=place: produce(place) for place in range(3)))
        producers[0].rpush("{jobs}:waiting", *[STOP] * len(workers))
        taken = working.result()

    everything = sorted(job for part in jobs for job in part)
    assert sorted(job for part in taken for job in part) == everything
    assert sorted(producers[0].lrange("{jobs}:done", 0, -1)) == everything + [STOP] * len(workers)
    # A producer's jobs come in its order to each worker.
    for part in taken:
        for producer in "012":
            mine = [job for job in part if job.startswith(producer)]
            assert mine == sorted(mine)
    assert producers[0].exists("{jobs}:waiting", *[f"{{jobs}}:in-hand:{n}" for n in range(3)]) == 0


def test_jobs_go_to_workers_in_the_order_they_came_and_none_to_the_dead(connect: Connect) -> None:
    client = connect(0)
    owner = client.get_node_from_key("jobs")

    def blocked() -> int:
        return int(client.info("clients", target_nodes=owner)["blocked_clients"])

    waiting: list[Connection] = []
    take, move = ("BLPOP", "jobs", 0), ("BLMOVE", "jobs", "{jobs}:in-hand", "LEFT", "RIGHT", 0)
    for count, command in enumerate((take, take, take, move), start=1):
        connection = connect(count).get_redis_connection(owner).connection_pool.get_connection()
        connection.send_command(*command)
        wait_until(lambda count=count: blocked() == count, "blocking")  # type: ignore[misc]
        waiting.append(connection)
    waiting.pop(1).disconnect()
    wait_until(lambda: blocked() == 3, "noticing that a worker is gone")
    assert client.rpush("jobs", "one", "two") == 2
    assert client.rpush("jobs", "three", "four") == 2
    assert [connection.read_response() for connection in waiting] == [
        ["jobs", "one"],
        ["jobs", "two"],
        "three",
    ]
    assert client.lrange("{jobs}:in-hand", 0, -1) == ["three"]
    assert client.lpop("jobs") == "four"


# --- a work queue over a stream

TASKS = "{tasks}"
DONE = "{tasks}:done"
CREW = "crew"
Entry: TypeAlias = tuple[str, dict[str, str]]


def read_tasks(client: Client, worker: str) -> list[Entry]:
    """Up to five tasks that nobody has had yet; waits a little for the first."""
    reply = client.xreadgroup(CREW, worker, {TASKS: ">"}, count=5, block=BLOCK_MS)
    if not reply:
        return []
    # redis-py gives streams as a list or, with RESP3, as a dictionary of lists.
    found = reply[TASKS][0] if isinstance(reply, dict) else reply[0][1]
    return [(entry[0], entry[1]) for entry in found]


def finish_task(client: Client, entry: Entry) -> None:
    with client.pipeline(transaction=True) as finishing:
        finishing.xack(TASKS, CREW, entry[0])
        finishing.hincrby(DONE, entry[1]["task"], 1)
        assert finishing.execute() == [1, 1]


def work_on_stream(client: Client, worker: str, tasks: int) -> int:
    """Finish tasks until the crew has finished so many; how many this one did."""
    finished = 0
    for _ in in_time("a stream of tasks"):
        if client.hlen(DONE) >= tasks:
            break
        for entry in read_tasks(client, worker):
            finish_task(client, entry)
            finished += 1
    return finished


def test_a_queue_over_a_stream_loses_nothing_when_a_worker_dies(connect: Connect) -> None:
    boss = connect(0)
    assert boss.xgroup_create(TASKS, CREW, id="$", mkstream=True)
    first = [boss.xadd(TASKS, {"task": f"first-{number}"}) for number in range(5)]
    # Alone, the worker that is going to die gets all of the first tasks; it finishes two of them.
    doomed = connect(1)
    read = read_tasks(doomed, "doomed")
    assert [entry_id for entry_id, _ in read] == first
    for entry in read[:2]:
        finish_task(doomed, entry)
    doomed.close()

    producers, workers = [connect(2), connect(3)], [connect(4), connect(5), connect(0)]

    def produce(n: int) -> int:
        return len([producers[n].xadd(TASKS, {"task": f"{n}-{number}"}) for number in range(40)])

    finished = side_by_side(
        *(lambda n=n: work_on_stream(workers[n], f"worker-{n}", tasks=2 + 80) for n in range(3)),
        *(lambda n=n: produce(n) for n in range(2)),
    )
    assert sum(finished[:3]) == 80
    # What the dead had in hand is all that is left.
    pending = boss.xpending(TASKS, CREW)
    assert (pending["pending"], pending["min"], pending["max"]) == (3, first[2], first[4])
    assert pending["consumers"] == [{"name": "doomed", "pending": 3}]

    start, rescued = "0-0", list[Entry]()
    for _ in in_time("taking over"):
        # A small idle time, for the test is fast; only two at a time, for the cursor.
        start, claimed, gone = boss.xautoclaim(TASKS, CREW, "rescuer", 10, start_id=start, count=2)
        rescued.extend((entry[0], entry[1]) for entry in claimed)
        assert gone == []
        if len(rescued) == 3:
            break
    assert [entry_id for entry_id, _ in rescued] == first[2:]
    again = boss.xpending_range(TASKS, CREW, "-", "+", 10)
    assert [(entry["consumer"], entry["times_delivered"]) for entry in again] == [("rescuer", 2)] * 3
    for entry in rescued:
        finish_task(boss, entry)

    assert boss.xpending(TASKS, CREW)["pending"] == 0
    assert boss.hgetall(DONE) == {fields["task"]: "1" for _, fields in boss.xrange(TASKS)}
    assert boss.hlen(DONE) == 85
    (about,) = boss.xinfo_groups(TASKS)
    assert (about["consumers"], about["pending"], about["lag"]) == (5, 0, 0)

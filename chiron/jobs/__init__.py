"""Jobs: what is asked for now and done later, exactly once in its effect.

A job is enqueued in the transaction of the change that asks for it, so that neither happens without the other. It
carries ids, never data, and the organization in which it runs. procrastinate keeps the queue, in clinical's ``public``
schema; organizations may add to it and cannot read it. What accounts asks for waits in an outbox there and is relayed.

Words: job (something that can be done later), effect (one request for it: done once, however often it is tried), outbox
(effects asked for in accounts), dead (tried as often as allowed, and waiting for a person).
"""

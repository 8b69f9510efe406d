"""What each collection of version 1 becomes, in the order in which they are taken over: no document before those that
it refers to."""

from chiron.operations.mongo.kinds.directory import Doctors, Laboratories
from chiron.operations.mongo.kinds.files import Chunks, Files
from chiron.operations.mongo.kinds.history import AuditLogs
from chiron.operations.mongo.kinds.organizations import Organizations
from chiron.operations.mongo.kinds.patients import Patients
from chiron.operations.mongo.kinds.screenings import Screenings
from chiron.operations.mongo.kinds.users import Users
from chiron.operations.mongo.plans import Kind

KINDS: tuple[Kind, ...] = (
    Organizations(), Users(), Laboratories(), Doctors(), Patients(), Screenings(), Files(), Chunks(), AuditLogs(),
)  # fmt: skip

"""The API: every app's router, behind one wrapper."""

from ninja import NinjaAPI

from chiron.analytics.api import router as analytics
from chiron.audit.api import router as audit
from chiron.audit.api_proofs import router as proofs
from chiron.identity.api import router as identity
from chiron.identity.api_mail import router as mail
from chiron.identity.api_mfa import router as mfa
from chiron.identity.api_recovery import router as recovery
from chiron.identity.api_service import router as service
from chiron.kernel import problems
from chiron.kernel.headers import page
from chiron.kernel.parsing import OrjsonRenderer, StrictParser
from chiron.laboratory.api import router as specimens
from chiron.laboratory.api_reports import router as reports
from chiron.notifications.api import router as notifications
from chiron.notifications.api_stream import router as stream
from chiron.records.api import router as records
from chiron.records.api_attachments import router as attachments
from chiron.records.api_clearances import router as clearances
from chiron.records.api_ranges import router as ranges
from chiron.records.api_signatures import router as signatures
from chiron.registry.api import router as registry
from chiron.registry.api_laboratories import router as laboratories
from chiron.registry.api_people import router as people
from chiron.scheduling.api import router as scheduling
from chiron.scheduling.api_catalogue import router as catalogue
from chiron.scheduling.api_feeds import router as feeds
from chiron.scheduling.api_hours import router as hours
from chiron.scheduling.api_reminders import router as reminders
from chiron.scheduling.api_series import router as series
from chiron.scheduling.api_waitlist import router as waitlist
from chiron.screening.api import router as screening
from chiron.screening.api_batches import router as screening_batches
from chiron.screening.api_export import router as screening_export
from chiron.screening.api_history import router as screening_history
from chiron.screening.api_models import router as screening_models
from chiron.screening.api_optout import router as screening_optout
from chiron.screening.api_watching import router as screening_watching
from config.openapi import ChironAPI
from config.operation import guarded

api: NinjaAPI = ChironAPI(
    title="Chiron",
    version="1",
    description="Health records of one organization: sign in, send the access token as `Authorization: Bearer`. "
    "Pages sign in with `X-Auth-Mode: cookie` instead, and send `X-CSRF-Token` with what changes something.",
    parser=StrictParser(),
    renderer=OrjsonRenderer(),
    docs_url="/docs",
    docs_decorator=page,
)
problems.register(api)
api.add_decorator(guarded, mode="view")
for router in (
    identity,
    mfa,
    recovery,
    mail,
    service,
    registry,
    people,
    laboratories,
    records,
    attachments,
    signatures,
    clearances,
    ranges,
    specimens,
    reports,
    audit,
    proofs,
    hours,
    feeds,
    reminders,
    notifications,
    series,
    waitlist,
    catalogue,
    scheduling,
    screening,
    screening_models,
    stream,
    screening_batches,
    screening_export,
    screening_history,
    screening_optout,
    screening_watching,
    analytics,
):
    api.add_router("", router)

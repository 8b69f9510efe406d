"""When patients are reminded, and what became of it, over HTTP."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, etag, if_match
from chiron.scheduling import shapes_reminders as shapes
from chiron.scheduling.services import reminder_rules as rules

router = Router(tags=["reminders"])
RULE = "/reminder-rules/{uuid:rule_id}"


@router.get("/reminder-rules", response=shapes.Rules)
@needs("reminder-rules", "read")
def list_rules(request: Call, page: Query[PageQuery]) -> shapes.Rules:
    """When patients are reminded, the newest rule first."""
    found = rules.list_rules(request.caller, page)
    return shapes.Rules(reminder_rules=[shapes.RuleOut.of(each) for each in found.rows], next=found.next)


@router.post("/reminder-rules", response={201: shapes.RuleEnvelope, **refusals(404, 409)})
@needs("reminder-rules", "create")
@creates
def create_rule(request: Call, body: shapes.RuleIn, response: HttpResponse) -> Status[shapes.RuleEnvelope]:
    """Have patients reminded; it holds for what is booked or moved from now on."""
    made = rules.save_rule(by=request.caller, rule_id=None, said=body.said(), if_match=None, now=clock.now())
    envelope = shapes.RuleEnvelope(reminder_rule=shapes.RuleOut.of(made))
    return created(response, f"/api/reminder-rules/{made.id}", envelope, made.version)


@router.put(RULE, response={200: shapes.RuleEnvelope, **refusals(404, 409, 412)})
@needs("reminder-rules", "update")
def change_rule(request: Call, rule_id: UUID, body: shapes.RuleIn, response: HttpResponse) -> shapes.RuleEnvelope:
    """Say a rule anew."""
    saved = rules.save_rule(
        by=request.caller, rule_id=rule_id, said=body.said(), if_match=if_match(request), now=clock.now()
    )
    etag(response, saved.version)
    return shapes.RuleEnvelope(reminder_rule=shapes.RuleOut.of(saved))


@router.delete(RULE, response={204: None, **refusals(404, 412)})
@needs("reminder-rules", "delete")
def remove_rule(request: Call, rule_id: UUID) -> Status[None]:
    """Remind nobody by this rule who books from now on."""
    rules.remove_rule(by=request.caller, rule_id=rule_id, if_match=if_match(request))
    return Status(204, None)


@router.get("/reminders", response=shapes.Reminders)
@needs("reminders", "read")
def list_reminders(request: Call, asked: Query[shapes.ReminderQuery]) -> shapes.Reminders:
    """Reminders and what became of them and their mail, the newest first."""
    found = rules.list_reminders(request.caller, asked, state=asked.state)
    return shapes.Reminders(reminders=[shapes.ReminderOut.of(each) for each in found.rows], next=found.next)

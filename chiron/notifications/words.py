"""What a notification says: by its kind alone, in the language of whoever reads it; never who or what exactly."""

from uuid import UUID

from django.utils.translation.trans_real import parse_accept_lang_header

from chiron.notifications.kinds import Kind

DEFAULT = "en"
WORDS: dict[str, dict[Kind, str]] = {
    "en": {
        Kind.ASSIGNED: "A patient was assigned to you.",
        Kind.BOOKED: "An appointment was booked.",
        Kind.MOVED: "An appointment was moved.",
        Kind.CANCELLED: "An appointment was cancelled.",
        Kind.ASKED: "Please choose another time for an appointment.",
        Kind.REMINDER: "You have an appointment soon.",
        Kind.OFFERED: "A time has become free for you.",
        Kind.ANNOTATED: "A remark was made on a record.",
        Kind.RESULT_SHARED: "There is a new result for you to read.",
        Kind.BATCH_ENDED: "A file of blood counts was gone through.",
        Kind.GLASS_BROKEN: "Somebody broke the glass. Look at why.",
        Kind.MODEL_DRIFTED: "Those who are screened are no longer like those whom the model was trained on.",
        Kind.SECURITY: "Something about the security of your account changed.",
    },
    "fr": {
        Kind.ASSIGNED: "Un patient vous a été confié.",
        Kind.BOOKED: "Un rendez-vous a été pris.",
        Kind.MOVED: "Un rendez-vous a été déplacé.",
        Kind.CANCELLED: "Un rendez-vous a été annulé.",
        Kind.ASKED: "Merci de choisir un autre horaire pour un rendez-vous.",
        Kind.REMINDER: "Vous avez bientôt un rendez-vous.",
        Kind.OFFERED: "Un horaire s’est libéré pour vous.",
        Kind.ANNOTATED: "Une remarque a été faite sur un document.",
        Kind.RESULT_SHARED: "Un nouveau résultat peut être consulté.",
        Kind.BATCH_ENDED: "Un fichier d’hémogrammes a été traité.",
        Kind.GLASS_BROKEN: "Quelqu’un a brisé la glace. Examinez pourquoi.",
        Kind.MODEL_DRIFTED: "Les personnes dépistées ne ressemblent plus à celles dont le modèle a appris.",
        Kind.SECURITY: "La sécurité de votre compte a changé.",
    },
}
CLOSER: dict[str, dict[tuple[Kind, str], str]] = {
    "en": {
        (Kind.ASSIGNED, "my-patients"): "Patients of somebody who leaves were assigned to you.",
        (Kind.SECURITY, "password"): "The password of your account was changed.",
        (Kind.SECURITY, "mfa"): "The second factor of your account was changed.",
        (Kind.SECURITY, "email"): "The e-mail address of your account was changed.",
        (Kind.SECURITY, "devices"): "Your account was used on a device that it had not been used on before.",
        (Kind.SECURITY, "sessions"): "A session of your account was used from two places at once, and was ended.",
    },
    "fr": {
        (Kind.ASSIGNED, "my-patients"): "Des patients de quelqu’un qui part vous ont été confiés.",
        (Kind.SECURITY, "password"): "Le mot de passe de votre compte a été changé.",
        (Kind.SECURITY, "mfa"): "Le second facteur de votre compte a été changé.",
        (Kind.SECURITY, "email"): "L’adresse électronique de votre compte a été changée.",
        (Kind.SECURITY, "devices"): "Votre compte a été utilisé sur un appareil où il ne l’avait jamais été.",
        (
            Kind.SECURITY,
            "sessions",
        ): "Une session de votre compte a été utilisée à deux endroits à la fois, et a été fermée.",
    },
}
"""What is said where the kind of object says more."""
LINKS = {
    "appointments": "/api/appointments/{id}",
    "patients": "/api/patients/{id}",
    "records": "/api/records/{id}",
    "screenings": "/api/screening/{id}",
    "screening-batches": "/api/screening/batches/{id}",
    "my-patients": "/api/doctors/my_patients",
    "break-glass": "/api/break-glass",
    "screening-drift": "/api/screening/drift",
    "devices": "/api/auth/sessions",
    "sessions": "/api/auth/sessions",
    "password": "/api/users/me",
    "mfa": "/api/users/me",
    "email": "/api/users/me",
}
"""Where the object is read, by those who may. What is about an account itself leads to the account."""


def spoken(wish: str) -> str | None:
    """The language of ours that is wished for most, by an `Accept-Language` header (RFC 9110) or a locale (BCP 47)."""
    wished = ((tag.partition("-")[0], weight) for tag, weight in parse_accept_lang_header(wish.lower()))
    return next((language for language, weight in wished if weight > 0 and language in WORDS), None)


def sentence(kind: Kind, resource: str, language: str) -> str:
    """What a notification says."""
    return CLOSER[language].get((kind, resource), WORDS[language][kind])


def link(resource: str, resource_id: UUID) -> str | None:
    """The address of the object in the API, or None where it has none."""
    return LINKS[resource].format(id=resource_id) if resource in LINKS else None

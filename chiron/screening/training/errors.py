"""Why nothing was trained or validated: sentences for whoever runs the command, without a value of any patient."""


class TrainingRefused(Exception):
    """What was given cannot be trained on or validated with."""


class LabelLeaks(TrainingRefused):
    """The answer is among the questions."""

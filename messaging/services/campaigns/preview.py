"""A campaign's text as real recipients would get it, before anybody approves it. Writes nothing."""

from dataclasses import dataclass
from datetime import datetime

from billing.rules.quotes import Quote
from billing.selectors.quotes import quoted
from billing.types import Unit
from huntaze.kernel.errors import NotFound
from messaging.models import Campaign
from messaging.rules import placeholders
from messaging.selectors.audiences import by_turn
from messaging.services.campaigns.texts import filled, template_of

MOST_SHOWN = 5


def cost_of(campaign: Campaign, now: datetime) -> Quote | None:
    """What its planned recipients would cost now, a credit each; null before it was planned."""
    if campaign.plan is None:
        return None
    return quoted(campaign.workspace_id, Unit.MESSAGE, int(campaign.plan["planned"]), now)


@dataclass(frozen=True, slots=True)
class Preview:
    """One fan's text; `fallbacks` are the placeholders that this fan has no value for."""

    fan_id: str
    text: str
    fallbacks: tuple[str, ...]


def previews(*, campaign: Campaign, now: datetime) -> list[Preview]:
    """Of the first recipients, in the order in which they would get it; raises NotFound when the text is lost."""
    template = template_of(campaign)
    if template is None:
        raise NotFound
    fans = by_turn(campaign, now).filter(excluded_by="")[:MOST_SHOWN]
    found: list[tuple[str, placeholders.Filled]] = [
        (fan.public_id, filled(campaign, template, fan, now)) for fan in fans
    ]
    return [Preview(fan_id, one.text, one.fallbacks) for fan_id, one in found]

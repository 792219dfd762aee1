"""Tables of messaging."""

from messaging.models.audiences import FanList, FanListEntry, Segment
from messaging.models.campaigns import Campaign, CampaignExclusion, CampaignUnsend
from messaging.models.dead_letters import DeadLetterRun
from messaging.models.deliveries import CreditChange, Delivery
from messaging.models.demos import Demo
from messaging.models.fans import Conversation, Fan
from messaging.models.inbound import InboundEvent
from messaging.models.messages import FanSignal, Message
from messaging.models.policies import SendPolicy, SendSwitch

__all__ = [
    "Campaign",
    "CampaignExclusion",
    "CampaignUnsend",
    "Conversation",
    "CreditChange",
    "DeadLetterRun",
    "Delivery",
    "Demo",
    "Fan",
    "FanList",
    "FanListEntry",
    "FanSignal",
    "InboundEvent",
    "Message",
    "Segment",
    "SendPolicy",
    "SendSwitch",
]

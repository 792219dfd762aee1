"""Tables of messaging."""
from messaging.models.deliveries import Delivery
from messaging.models.fans import Conversation, Fan
from messaging.models.inbound import InboundEvent
from messaging.models.messages import FanSignal, Message
from messaging.models.policies import SendPolicy, SendSwitch

__all__ = ["Conversation", "Delivery", "Fan", "FanSignal", "InboundEvent", "Message", "SendPolicy", "SendSwitch"]

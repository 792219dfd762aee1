"""The dialects that are connected by OAuth: Instagram, TikTok and WhatsApp, each with its consent page."""

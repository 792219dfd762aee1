"""What the people of a demo are called and what they say, in French and English: everyday talk, nothing explicit."""

# fmt: off


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    "Alex Antoine Arthur Bastien Ben Chris Clément Damien Dan David Diego Enzo Eric Ethan Felix Florian "
    "Gabriel Guillaume Hugo Jack Jamal James Jonas Jordan Josh Jules Julien Karim Kevin Kyle Laurent Léo Liam "
    "Loïc Louis Luca Lucas Malik Marc Marco Mathieu Matt Max Maxime Mehdi Nico Noah Olivier Omar Owen Paolo "
    "Pascal Paul Pierre Quentin Ravi Rémi Romain Ryan Sam Simon Stefan Théo Thomas Tiago Tom Victor Yann Zack"
)
LAST = "ABCDEFGHJKLMNPRSTVW"
WORDS = _words(
    "atlas blue canyon cobalt coffee cosmic crimson ember harbor hazel iron lucky maple night north ocean "
    "pixel quiet river rocket silver solar storm tiger turbo velvet vinyl wolf"
)

#: Stage name, handle, language, zone, and what is the matter with the account.
CREATORS = (
    ("Luna Martel", "lunamartel", "en", "Europe/Paris", "connected"),
    ("Chloé Renard", "chloerenard", "fr", "Europe/Paris", "expired"),
    ("Ava Sinclair", "avasinclair", "en", "Europe/London", "paused"),
)
#: Name and role of those who work here beside the person themselves.
PEOPLE = (
    ("Marc Delorme", "manager"),
    ("Sofia Ricci", "chatter"),
    ("Luna Martel", "creator"),
)

#: Conversations: each line begins with < (from the fan) or > (from the creator).
TALKS = {
    "en": (
        (
            "<hey! finally found you here", ">Hey! So happy you made it. How was your week?",
            "<long. I needed a break", ">Then you are in the right place. Tea or coffee person?", "<coffee, always",
            ">Good answer.",
        ),
        (
            "<the beach photos are my favourite", ">Thank you! That was such a windy day, my hair hated it",
            "<you would never guess", ">The magic of the twentieth try, haha",
        ),
        (
            "<do you take custom requests?",
            ">Sometimes! Tell me what you have in mind and I will say what is possible",
            "<something with the red dress from last month", ">I still have it. Give me until Friday?", "<deal",
        ),
        (
            "<the video does not play on my phone", ">Oh no. Does it work in the browser instead of the app?",
            "<yes! thank you", ">Perfect. Tell me if it happens again",
        ),
        (
            "<good morning from a rainy Leeds", ">Good morning! Rain here too, I made pancakes", "<now I am hungry",
            ">My evil plan worked",
        ),
        (
            "<is it really you answering?", ">My team helps me keep up, but I read this. Promise.",
            "<fair enough, thanks", ">What made you subscribe?", "<your cooking lives, honestly",
            ">The burnt risotto? Legendary.",
        ),
        (
            "<payday is Friday, then I get the bundle", ">No rush at all, it is not going anywhere",
            "<you are the best",
        ),
        (
            "<what are you listening to lately?", ">A lot of old soul records. You?",
            "<same three albums since school", ">Then they must be good ones. Name one!", "<you would laugh",
            ">Try me",
        ),
        (
            "<saw you are in Lisbon?", ">Until Sunday! Pastel de nata count: eleven", "<rookie numbers",
            ">Give me time",
        ),
        (
            "<thank you for the birthday message", ">Of course! Did you get cake?", "<two actually",
            ">That is the spirit",
        ),
    ),
    "fr": (
        (
            "<coucou, je découvre ta page", ">Bienvenue ! Tu viens d'où ?", "<de Nantes, et toi ?",
            ">Lyon, mais je bouge beaucoup", "<ça se voit sur tes photos", ">Merci, c'est gentil",
        ),
        (
            "<tu fais des lives bientôt ?", ">Jeudi soir, vers 21 h. Tu seras là ?", "<évidemment",
            ">Parfait, j'ai une surprise",
        ),
        (
            "<la dernière série est magnifique", ">Merci ! On s'est levés à 5 h pour la lumière",
            "<ça valait le coup", ">Je me le répète en bâillant",
        ),
        (
            "<je n'arrive pas à ouvrir la vidéo", ">Essaie dans le navigateur, l'appli fait des caprices",
            "<ça marche, merci !", ">Super, bonne soirée",
        ),
        (
            "<tu prends des demandes perso ?", ">Parfois, dis-moi ton idée et je te dis si c'est possible",
            "<quelque chose avec la robe verte", ">Je l'ai toujours. Je te réponds avant dimanche", "<avec plaisir",
        ),
        (
            "<bonne année !", ">Merci, à toi aussi ! Une bonne résolution ?", "<dormir plus", ">La meilleure",
        ),
        (
            "<c'est toi qui réponds ?", ">Mon équipe m'aide, mais je lis tout", "<merci d'être honnête",
            ">Toujours. Qu'est-ce qui t'a plu ici ?", "<ton humour", ">Alors reste, j'ai un stock de blagues",
        ),
        (
            "<un peu cher pour moi ce mois-ci", ">Aucun souci, ça reste disponible", "<je reviens vendredi alors",
            ">Je te garde une place",
        ),
        (
            "<tu recommandes quoi comme série ?", ">Une vieille comédie anglaise, je l'ai vue trois fois",
            "<le titre ?", ">Devine, premier indice : un hôtel",
        ),
        (
            "<merci pour le message vocal", ">Avec plaisir, c'était la première prise !", "<on dirait une pro",
            ">Flatteur",
        ),
    ),
}
#: What stands above media with a price.
OFFERS = {
    "en": (
        "The full set from Saturday, 24 photos", "Behind the scenes of the beach day",
        "Ten minutes of the cooking live, uncut", "The red dress set you voted for",
        "A long voice note, only for you", "The rooftop series, all of it",
        "Outtakes and bloopers, you have been warned", "The rainy Sunday set",
    ),
    "fr": (
        "La série complète de samedi, 24 photos", "Les coulisses de la journée à la plage",
        "Dix minutes du live cuisine, sans coupe", "La série robe verte pour laquelle tu as voté",
        "Un long message vocal, rien que pour toi", "La série des toits, en entier",
        "Les ratés et les fous rires, tu es prévenu", "La série du dimanche pluvieux",
    ),
}
#: What lies in the queue.
WAITING = {
    "en": (
        "Thinking of our chat yesterday. How did the interview go?", "New set tonight at nine, just so you know",
        "You went quiet, everything all right?", "I found the song you meant!",
        "Thank you for the tip, you made my day", "Tell me when you have seen the video",
    ),
    "fr": (
        "Je repensais à notre discussion, alors, cet entretien ?", "Nouvelle série ce soir à 21 h, je te préviens",
        "Tu ne dis plus rien, tout va bien ?", "J'ai retrouvé la chanson dont tu parlais !",
        "Merci pour le pourboire, trop gentil", "Dis-moi quand tu as vu la vidéo",
    ),
}
#: Name, text and price in dollars of each campaign, by the state in which the demo shows it.
CAMPAIGNS = {
    "running": ("Weekend set", "Hey {firstName|you}, the weekend set is ready. Want a look before everybody else?", 12),
    "done": ("Thank you", "A small thank-you for staying with me this autumn, {firstName|you}.", 0),
    "done_priced": ("Rooftop series", "The rooftop series is out, {firstName|you}: 30 photos and a little video.", 15),
    "awaiting_approval": ("Série des toits", "Coucou {firstName|toi}, la série des toits est prête, 30 photos.", 15),
    "draft": ("Fans silencieux", "Ça fait un moment, {firstName|toi} ! Tout va bien de ton côté ?", 0),
    "scheduled": ("Sunday morning", "Good morning {firstName|you}. Coffee, a book, and something for you.", 9),
    "paused": ("Welcome back", "You came back, {firstName|you}! Here is what you missed.", 0),
}

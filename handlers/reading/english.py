"""Whether a message is English. Knows a few hundred everyday words and no danger; it must not
take Vietnamese typed without accents, or sprinkled with loan words, for English.
"""

from collections.abc import Sequence

# also Vietnamese when typed without accents ("me" is mẹ, "can" is cần, "to" is to), or a loan word:
# they support a clear word, and are no sign of English by themselves
_UNCLEAR_WORDS = """
    a am an as at bad be but by bye can cancel cannot chat day do game go good he hello help hi i
    im in is it love man me menu my no not of ok on online or run say so son sorry sos stop thank
    thanks that the them to up us we
"""
# no Vietnamese syllable, no loan word children use in Vietnamese sentences
_CLEAR_WORDS = """
    about abuse abused afraid after again all alone always and angry any anyone are arent ask
    asked aunt away baby beat beaten beating beats because bed been before being blackmail
    bleeding boy boyfriend brother bullied bullies bully bullying call cant child children choke
    choking class coach come comes coming could cousin cry crying dad daddy daughter dead delete
    did didnt die does doesnt doing done dont door drinking drunk dying eat emergency english
    every everyone everything father fear feel feels food for forced friend friends from get gets
    getting girl girlfriend give going gonna got grandfather grandma grandmother grandpa great had
    happy has have her here hers hes hide hiding him his hit hits hitting home house how hungry
    hurt hurting hurts husband id ill inside into isnt its ive just kick kicked kicking kicks kid
    kids kill killing kiss kissed knife know language leave left life live living lock locked
    lonely lost made make makes many message might missing mom mommy money more mother much mum
    must naked need needed needs neighbor neighbors neighbour neighbours never nice night nobody
    nothing now nudes number old only our outside parents people photos pictures pills please
    police post punch punched rape raped really report right room sad said says scared school
    scream send sends sent she shes should sister slap slapped somebody someone something speak
    stepdad stepfather stepmom stepmother still street take takes talk teacher tell thats their
    theirs there these they theyre think this those threatened threatening threatens time today
    told tomorrow too took touch touched touches touching uncle undress very vietnamese wanna want
    wanted wants was wasnt week were what whatever when where which who why wife will with without
    woman wont work would years yesterday you your youre yours
"""
_UNCLEAR, _CLEAR = frozenset(_UNCLEAR_WORDS.split()), frozenset(_CLEAR_WORDS.split())


def is_english(words: Sequence[str]) -> bool:
    """True when at least two clear English words carry at least half of a message without accents."""
    if any(not word.isascii() for word in words):
        return False
    clear = sum(word in _CLEAR for word in words)
    return clear >= 2 and 2 * (clear + sum(word in _UNCLEAR for word in words)) >= len(words)

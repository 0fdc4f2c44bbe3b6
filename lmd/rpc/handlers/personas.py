"""`personas.list`."""

from lmd.models.catalogue import Catalogue
from lmd.protocol.params import NoParams
from lmd.protocol.results import PersonasResult, PersonaStatus
from lmd.rpc.context import RequestContext


class PersonasHandlers:
    """Answers the ``personas.*`` family."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def list(self, context: RequestContext, params: NoParams) -> PersonasResult:
        """Every declared persona."""
        return PersonasResult(
            [
                PersonaStatus(name, self._catalogue.resolve(persona.model), persona.system)
                for name, persona in self._catalogue.personas.items()
            ]
        )

"""The version document (DSP 2025-1, Version: `GET <root>/.well-known/dspace-version`), written and read."""

from connector.protocol.messages import Authentication, ProtocolVersion, VersionResponse, render

VERSION = "2025-1"


def render_versions(path: str, service_id: str, auth: Authentication | None = None) -> bytes:
    """Return the document of a participant that speaks 2025-1 at `path` below its root, and identifies by did:web."""
    return render(
        VersionResponse(
            protocol_versions=(
                ProtocolVersion(
                    version=VERSION,
                    path=path,
                    binding="HTTPS",
                    service_id=service_id,
                    identifier_type="did:web",
                    auth=auth,
                ),
            )
        )
    )


def path_of_ours(versions: VersionResponse) -> str | None:
    """Return the path of the first endpoint that speaks 2025-1, None when there is none and we must stop."""
    paths = (one.path.strip("/") for one in versions.protocol_versions if one.version == VERSION)
    return next((path and f"/{path}" for path in paths), None)

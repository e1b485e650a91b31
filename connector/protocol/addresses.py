"""Data addresses that every known peer can read, and reading those that peers write.

The specification has an `endpoint` member and properties with short names; EDC through 0.18 neither writes nor reads
`endpoint` and names its properties by full IRIs. So each well-known property is written twice, the endpoint also as a
property, and names are matched by their last segment when reading.
"""

from connector.protocol.messages import DataAddress, EndpointProperty

HTTP_ENDPOINT_TYPE = "https://w3id.org/idsa/v4.1/HTTP"
PUSH_ENDPOINT_TYPE = "HttpData"
"""What EDC calls the destination of a push by HTTP."""
EDC_NAMESPACE = "https://w3id.org/edc/v0.0.1/ns/"


def http_address(endpoint: str, authorization: str | None = None, auth_type: str = "bearer") -> DataAddress:
    """Return the address of bytes to pull by HTTP with the `authorization` token, if any."""
    properties = {"endpoint": endpoint, "endpointType": HTTP_ENDPOINT_TYPE}
    if authorization is not None:
        properties |= {"authType": auth_type, "authorization": authorization}
    return _address(HTTP_ENDPOINT_TYPE, endpoint, properties)


def push_address(endpoint: str, secret: str) -> DataAddress:
    """Return the address to which bytes are to be pushed by HTTP, with the secret that opens it.

    EDC as provider reads `baseUrl`, and sends `authCode` in the header that `authKey` names.
    """
    properties = {
        "endpoint": endpoint,
        "baseUrl": endpoint,
        "authType": "bearer",
        "authorization": secret,
        "authKey": "Authorization",
        "authCode": f"Bearer {secret}",
    }
    return _address(PUSH_ENDPOINT_TYPE, endpoint, properties)


def _address(endpoint_type: str, endpoint: str, properties: dict[str, str]) -> DataAddress:
    return DataAddress(
        endpoint_type=endpoint_type,
        endpoint=endpoint,
        endpoint_properties=tuple(
            EndpointProperty(name=prefix + name, value=value)
            for name, value in properties.items()
            for prefix in ("", EDC_NAMESPACE)
        ),
    )


def property_of(address: DataAddress, name: str) -> str | None:
    """Return a property's value by its short name: the plain name first, else the first IRI that ends in it."""
    properties = address.endpoint_properties or ()
    plain = (one.value for one in properties if one.name == name)
    qualified = (one.value for one in properties if _last_segment(one.name) == name)
    return next(plain, next(qualified, None))


def endpoint_of(address: DataAddress) -> str | None:
    """Return where the address points, from its member or from its properties."""
    return address.endpoint or property_of(address, "endpoint")


def destination_of(address: DataAddress) -> str | None:
    """Return where bytes are to be pushed: the endpoint, or EDC's `baseUrl` with its `path`."""
    base = endpoint_of(address) or property_of(address, "baseUrl")
    path = None if endpoint_of(address) else property_of(address, "path")
    return base if base is None or not path else f"{base.rstrip('/')}/{path.lstrip('/')}"


def _last_segment(name: str) -> str:
    return name.replace("#", "/").replace(":", "/").rsplit("/", 1)[-1]

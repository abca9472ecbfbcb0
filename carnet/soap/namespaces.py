"""XML namespaces of the SOAP door, once each, and the qualified names that several of its files need."""

from __future__ import annotations

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
XOP = "http://www.w3.org/2004/08/xop/include"
XDSB = "urn:ihe:iti:xds-b:2007"
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"

WSA_ANONYMOUS = f"{WSA}/anonymous"
WSA_NONE = f"{WSA}/none"
WSA_FAULT = f"{WSA}/fault"
SECURITY = f"{{{WSSE}}}Security"

XOP_INCLUDE = f"{{{XOP}}}Include"
DOCUMENT = f"{{{XDSB}}}Document"

PROVIDE_AND_REGISTER_REQUEST = f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest"
RETRIEVE_REQUEST = f"{{{XDSB}}}RetrieveDocumentSetRequest"
SUBMIT_OBJECTS_REQUEST = f"{{{LCM}}}SubmitObjectsRequest"
ADHOC_QUERY_REQUEST = f"{{{QUERY}}}AdhocQueryRequest"
ADHOC_QUERY_RESPONSE = f"{{{QUERY}}}AdhocQueryResponse"
REGISTRY_RESPONSE = f"{{{RS}}}RegistryResponse"
REGISTRY_OBJECT_LIST = f"{{{RIM}}}RegistryObjectList"
OBJECT_REF = f"{{{RIM}}}ObjectRef"

package kushki

// published are codes that the pages print and that nothing here answers, each with the reason.
var published = []*refusal{
	only("K000", "El reembolso solicitado se realizó con éxito.", "an answer of old clients' fixtures to a refund that succeeded: refunds answer 201 with their ticket"),
	only("K003", "El procesador no existe", "a guide's other meaning; the catalogue's is answered"),
	only("K005", "Token expirado", "578 is answered: two catalogues name a code for one case"),
	only("K006", "Monto no es igual al esperado", "K220 is answered; K006 stands beside declines as processorError"),
	only("K007", "Este recibo ya fue pagado", "cash payments, which are not part of this API"),
	only("K008", "Este recibo ya fue cancelado", "cash payments, which are not part of this API"),
	only("K009", "Recibo expirado", "cash payments, which are not part of this API"),
	only("K011", "Credenciales inválidas", "K004 is answered to a credential that nobody has"),
	only("K012", "Acceso no autorizado", "this API has no authorization tokens that run out; captures answer K012 with their own text"),
	only("K014", "Token inválido", "577 is answered to a token of the wrong kind, as to an unknown one: nobody learns which tokens exist"),
	only("K021", "Transacción rechazada", "there is no antifraud service"),
	only("201", "ID de comercio no válido", "K004 is answered"),
	only("202", "Tipo de transacción no válido", "the path says what is asked for"),
	only("203", "Monto de transacción no válido", "K001 is answered to what is no amount"),
	only("205", "Tipo de moneda no válida", "K055 is answered, K205 to captures"),
	only("207", "ID de transacción no válido", "K001 is answered to a malformed ticket, 222 to an unknown one"),
	only("211", "Solicitud no válida", "K001 is answered"),
	only("212", "Información encriptada no válida", "bodies of this API are not encrypted"),
	only("219", "El monto es cero", "K039 is answered"),
	only("220", "Monto de la transacción es diferente al monto de la venta inicial", "K220 is answered, with the same text"),
	only("225", "Tipo de transacción no válido", "the path says what is asked for"),
	only("226", "Procesador CC no asignado", "every merchant has the one acquirer"),
	only("229", "El comercio no soporta la transacción", "K041 is answered"),
	only("277", "Indicador de idioma no válido", "K001 is answered to an unknown language of a stored card"),
	only("322", "Transacción no permitida", "K322 is answered"),
	only("478", "Servidor no disponible", "K002 is answered"),
	only("509", "El monto ingresado es mayor o menor a lo permitido", "no limits of amounts can be set"),
	only("007", "CVC no válido", "the published test cards give 022 to a CVV that was not verified"),
	only("621", "Cancelado por el usuario", "a guide's name for what K322 answers"),
	only("622", "Tiempo de sesión agotado", "a guide's name for what K322 answers"),
	only("701", "El token de la transacción es requerido", "K001 is answered"),
	only("702", "El monto de la transacción no es válido", "K001 is answered"),
	only("703", "El monto de la transacción es requerido", "K001 is answered"),
	only("704", "El número de ticket no es válido", "K001 is answered, K010 to refunds"),
	only("705", "El número de ticket es requerido", "K001 is answered"),
	only("706", "La cantidad de meses es requerida", "K013 is answered"),
	only("707", "La cantidad de meses no es válida", "K001 is answered"),
	only("710", "El comercio no ha sido encontrado", "K004 is answered"),
	only("890", "Datos no encontrados", "222 is answered"),
	only("1000-1036", "", "validation codes of an older subscription API"),
}

func only(code, message, never string) *refusal {
	return &refusal{code: code, message: message, never: never}
}

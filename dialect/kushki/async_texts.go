package kushki

import "pasarela/pages"

// agentWords is what the pages say on which a card is given.
type agentWords struct {
	Notice, Cards, CardsApproved, CardsDeclined, CardsCode, CardsLogin string // of a sandbox

	Title, Lead, Amount, Description                                          string
	Number, Expiration, ExpirationHint, CVV, CVVHint, Holder, HolderHint      string
	Pay, Cancel                                                               string
	Wrong, BadNumber, Rejected, BadDate, Expired, BadCVV, BadHolder, TooLarge string

	Wait, WaitText, Again string
	Gone, GoneText, Back  string
	Failed, FailedText    string
}

var agentTexts = pages.Choice[agentWords]{
	pages.Spanish: {
		Notice:        "Simulador: no es un banco real y no se cobra nada. El código del banco es 1234.",
		Cards:         "Tarjetas de prueba",
		CardsApproved: "Se aprueban las tarjetas de prueba publicadas para Webpay: crédito Visa terminada en 6623 y débito Visa terminada en 7763.",
		CardsDeclined: "Se rechazan: crédito Mastercard terminada en 9568 y débito Mastercard terminada en 3829.",
		CardsCode:     "Cualquier CVV y cualquier fecha futura sirven. El banco pide después un código: 1234 es correcto, cualquier otro no.",
		CardsLogin:    "El RUT y la clave de la página de pruebas de Webpay no se piden aquí.",
		Title:         "Paga con tu tarjeta", Lead: "Ingresa los datos de tu tarjeta de débito, crédito o prepago. Después, tu banco puede pedirte que confirmes el pago.",
		Amount: "Monto", Description: "Detalle",
		Number: "Número de tarjeta", Expiration: "Vencimiento", ExpirationHint: "MM/AA", CVV: "CVV", CVVHint: "3 o 4 dígitos",
		Holder: "Nombre en la tarjeta", HolderHint: "Como aparece en la tarjeta",
		Pay: "Pagar", Cancel: "Cancelar y volver al comercio",
		Wrong: "Error", BadNumber: "Ingresa el número de la tarjeta: 14 a 19 dígitos.",
		Rejected: "No podemos aceptar esta tarjeta. Revisa el número o usa otra.",
		BadDate:  "Ingresa el vencimiento como MM/AA, por ejemplo 09/28.", Expired: "Esta tarjeta está vencida. Usa otra.",
		BadCVV: "Ingresa los 3 o 4 dígitos del CVV.", BadHolder: "Ingresa el nombre que aparece en la tarjeta.",
		TooLarge: "El formulario es demasiado grande. Ingresa solo los datos de la tarjeta.",
		Wait:     "Estamos procesando tu pago", WaitText: "Tu banco está respondiendo. Esta página se actualiza por sí sola; no pagues otra vez.", Again: "Actualizar",
		Gone: "Este pago expiró", GoneText: "Pasaron más de 30 minutos y no se cobró nada. Vuelve al comercio y comienza el pago otra vez.", Back: "Volver al comercio",
		Failed: "No pudimos procesar el pago", FailedText: "Algo falló de nuestro lado. Consulta el estado del pago antes de intentar otra vez.",
	},
	pages.English: {
		Notice:        "Simulator: no real bank, and nobody is charged. The bank's code is 1234.",
		Cards:         "Test cards",
		CardsApproved: "Approved are the test cards published for Webpay: the Visa credit card ending in 6623 and the Visa debit card ending in 7763.",
		CardsDeclined: "Declined are: the Mastercard credit card ending in 9568 and the Mastercard debit card ending in 3829.",
		CardsCode:     "Any CVV and any future date will do. The bank then asks for a code: 1234 is right, any other is wrong.",
		CardsLogin:    "The RUT and password of Webpay's test page are not asked for here.",
		Title:         "Pay with your card", Lead: "Enter the details of your debit, credit or prepaid card. Your bank may then ask you to confirm the payment.",
		Amount: "Amount", Description: "Details",
		Number: "Card number", Expiration: "Expiry date", ExpirationHint: "MM/YY", CVV: "CVV", CVVHint: "3 or 4 digits",
		Holder: "Name on the card", HolderHint: "As it is written on the card",
		Pay: "Pay", Cancel: "Cancel and go back to the shop",
		Wrong: "Error", BadNumber: "Enter the card number: 14 to 19 digits.",
		Rejected: "This card cannot be taken. Check the number, or use another card.",
		BadDate:  "Enter the expiry date as MM/YY, for example 09/28.", Expired: "This card has expired. Use another one.",
		BadCVV: "Enter the 3 or 4 digits of the CVV.", BadHolder: "Enter the name that is written on the card.",
		TooLarge: "The form is too large. Enter the card's details only.",
		Wait:     "Your payment is being processed", WaitText: "Your bank is answering. This page refreshes by itself; do not pay again.", Again: "Refresh",
		Gone: "This payment has expired", GoneText: "More than 30 minutes have passed, and nothing was charged. Go back to the shop and begin the payment again.", Back: "Back to the shop",
		Failed: "The payment could not be processed", FailedText: "Something failed on our side. Look what became of the payment before you try again.",
	},
}

package kushki

import (
	"time"

	"pasarela"
	"pasarela/pages"
)

// inscriptionTexts is what the page says on which a subscription's card is inscribed: where it differs from that of a
// payment.
var inscriptionTexts = pages.Choice[agentWords]{
	pages.Spanish: inscribing(agentTexts[pages.Spanish], agentWords{
		Title:  "Inscribe tu tarjeta",
		Lead:   "El comercio guardará tu tarjeta para los cobros de esta suscripción. Ahora no se cobra nada. Tu banco puede pedirte que confirmes que eres tú.",
		Amount: "Monto de cada cobro", Description: "Plan", Pay: "Inscribir tarjeta",
		Wait: "Estamos inscribiendo tu tarjeta", WaitText: "Tu banco está respondiendo. Esta página se actualiza por sí sola; no envíes la tarjeta otra vez.",
		Gone: "Esta inscripción expiró", GoneText: "Pasaron más de 30 minutos y tu tarjeta no quedó guardada. Vuelve al comercio y comienza otra vez.",
		Failed: "No pudimos inscribir la tarjeta", FailedText: "Algo falló de nuestro lado. Consulta al comercio antes de intentar otra vez.",
	}),
	pages.English: inscribing(agentTexts[pages.English], agentWords{
		Title:  "Register your card",
		Lead:   "The shop will keep your card on file for the charges of this subscription. Nothing is charged now. Your bank may ask you to confirm that it is you.",
		Amount: "Amount of each charge", Description: "Plan", Pay: "Register card",
		Wait: "Your card is being registered", WaitText: "Your bank is answering. This page refreshes by itself; do not send the card again.",
		Gone: "This registration has expired", GoneText: "More than 30 minutes have passed, and your card was not stored. Go back to the shop and begin again.",
		Failed: "The card could not be registered", FailedText: "Something failed on our side. Ask the shop before you try again.",
	}),
}

// inscribing is what a payment's page says, in the words of an inscription.
func inscribing(t, own agentWords) agentWords {
	t.Title, t.Lead, t.Amount, t.Description, t.Pay = own.Title, own.Lead, own.Amount, own.Description, own.Pay
	t.Wait, t.WaitText, t.Gone, t.GoneText, t.Failed, t.FailedText = own.Wait, own.WaitText, own.Gone, own.GoneText, own.Failed, own.FailedText
	return t
}

// schedule is how the page says when a subscription is charged.
type schedule struct {
	Often, First, Last string
	layout             string // of dates
	periods            map[pasarela.Periodicity]string
}

// day is a date as the reader writes it.
func (s schedule) day(d pasarela.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return t.Format(s.layout)
}

var inscriptionSchedules = pages.Choice[schedule]{
	pages.Spanish: {Often: "Frecuencia", First: "Primer cobro", Last: "Último día", layout: "02-01-2006", periods: map[pasarela.Periodicity]string{
		pasarela.Daily: "cada día", pasarela.Weekly: "cada semana", pasarela.Biweekly: "cada 15 días", pasarela.Monthly: "cada mes",
		pasarela.ThreeFortnights: "cada 42 días", pasarela.Bimonthly: "cada 2 meses", pasarela.Quarterly: "cada 3 meses",
		pasarela.FourMonths: "cada 4 meses", pasarela.HalfYearly: "cada 6 meses", pasarela.Yearly: "cada año",
		pasarela.Custom: "con cada compra",
	}},
	pages.English: {Often: "How often", First: "First charge", Last: "Last day", layout: "2 January 2006", periods: map[pasarela.Periodicity]string{
		pasarela.Daily: "every day", pasarela.Weekly: "every week", pasarela.Biweekly: "every 15 days", pasarela.Monthly: "every month",
		pasarela.ThreeFortnights: "every 42 days", pasarela.Bimonthly: "every 2 months", pasarela.Quarterly: "every 3 months",
		pasarela.FourMonths: "every 4 months", pasarela.HalfYearly: "every 6 months", pasarela.Yearly: "every year",
		pasarela.Custom: "with each purchase",
	}},
}
